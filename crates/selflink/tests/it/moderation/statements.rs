//! What the lists cost, however long they are.

use platform::testing::TestApp;

use super::{ALL_APPEALS, APPEALS, ENFORCEMENTS, HANDLED, QUEUE, REPORTS};
use crate::{
    cli::Listening,
    support::{TestUser, execute, staff, start},
    users::statements::sent,
};

const COUNT: usize = 60;

async fn populate(app: &TestApp) -> TestUser {
    let boss = staff(app).await;
    let numbers =
        format!("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {COUNT})");
    let id = boss.id;
    for (table, values) in [
        (
            "reports (id, reporter_id, target_type, target_id, subject_id, reason, status, notes, is_automatic, snapshot, \
             created_at, updated_at)",
            "n, u.id, 'post', n, u.id, 'r', 'open', '', FALSE, '', u.created_at, u.created_at",
        ),
        (
            "report_assignments (target_type, target_id, assigned_to, assigned_at)",
            "'post', n, u.id, u.created_at",
        ),
        (
            "enforcements (id, target_type, target_id, user_id, action, reason, enforced_by, created_at)",
            "n, 'user', u.id, u.id, 'warn', 'r', u.id, u.created_at",
        ),
        (
            "appeals (id, enforcement_id, user_id, text, status, note, created_at)",
            "n, n, u.id, 't', 'upheld', '', u.created_at",
        ),
    ] {
        let statement =
            format!("{numbers} INSERT INTO {table} SELECT {values} FROM c, users u WHERE u.id = {id}");
        execute(app, &statement).await;
    }
    boss
}

#[tokio::test]
async fn a_list_costs_the_same_however_long_its_page() {
    let app = start().await;
    let boss = populate(&app).await;
    let token = boss.client.token.clone().expect("is signed in");
    // A process of its own: metrics are counted by process, and other tests run in this one.
    let program = Listening::start(&app.database(), &["api"]).await;
    let client = program.client().with_token(&token);
    for path in [REPORTS, HANDLED, QUEUE, ENFORCEMENTS, APPEALS, ALL_APPEALS] {
        let route = format!("/api/v1/{path}");
        let mut costs = Vec::new();
        for size in [1, 10, COUNT] {
            let before = sent(&client, &route).await;
            let page = client.get(&format!("{path}?page_size={size}")).await.expect(200);
            assert_eq!(page["results"].as_array().map(Vec::len), Some(size), "{path}");
            costs.push(sent(&client, &route).await - before);
        }
        assert!(
            costs.iter().all(|cost| (1..=2).contains(cost)),
            "{path}: {costs:?}"
        );
        assert!(costs[0] == costs[1] && costs[1] == costs[2], "{path}: {costs:?}");
    }
    app.stop().await;
}
