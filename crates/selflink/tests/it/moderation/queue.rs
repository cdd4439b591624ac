//! What waits, by target, and who works on it.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{ASSIGNMENTS, HANDLED, QUEUE, enforce, forbidden, member, report, superuser};
use crate::support::{TestUser, field, staff, start, user, value};

fn of(target_type: &str, target_id: i64) -> Value {
    json!({ "target_type": target_type, "target_id": target_id })
}

async fn take(by: &TestUser, target_id: i64) -> u16 {
    by.client.post(ASSIGNMENTS, &of("post", target_id)).await.status
}

#[tokio::test]
async fn reports_are_grouped_by_target_the_oldest_first() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let first = report(&ann, "post", 7).await;
    report(&ann, "user", 7).await;
    report(&bob, "post", 7).await;
    let closed = report(&bob, "comment", 9).await;
    boss.client
        .patch(
            &format!("{HANDLED}{}/", closed["id"]),
            &json!({ "status": "dismissed" }),
        )
        .await
        .expect(200);
    let queue = boss.client.get(QUEUE).await.expect(200);
    assert_eq!(field(&queue, "target_type"), ["post", "user"]);
    let item = &queue["results"][0];
    assert_eq!(
        json!([
            item["target_id"],
            item["report"],
            item["reports"],
            item["automatic"],
            item["oldest_at"],
            item["assigned_to"]
        ]),
        json!([7, first["id"], 2, 0, first["created_at"], null])
    );
    let page = boss.client.get(&format!("{QUEUE}?page_size=1")).await.expect(200);
    let next = page["next"].as_str().expect("a link");
    let second = boss.client.get(next).await.expect(200);
    assert_eq!(field(&second, "target_type"), ["user"]);
    assert_eq!(second["next"], Value::Null);
    app.client().get(QUEUE).await.expect(401);
    assert_eq!(ann.client.get(QUEUE).await.expect(403), forbidden());
    app.stop().await;
}

#[tokio::test]
async fn what_one_works_on_is_kept_from_others() {
    let app = start().await;
    let (ann, one, other, boss) = (
        user(&app).await,
        staff(&app).await,
        member(&app).await,
        superuser(&app).await,
    );
    report(&ann, "post", 7).await;
    assert_eq!(take(&one, 7).await, 204);
    assert_eq!(take(&one, 7).await, 204, "again changes nothing");
    let busy = other.client.post(ASSIGNMENTS, &of("post", 7)).await.expect(400);
    assert_eq!(
        busy,
        json!({ "non_field_errors": ["Another moderator is working on this."] })
    );
    let release = async |by: &TestUser| {
        let body = of("post", 7).to_string();
        by.client
            .send("DELETE", ASSIGNMENTS, "application/json", body)
            .await
            .status
    };
    assert_eq!(release(&other).await, 400);
    let mine = one
        .client
        .get(&format!("{QUEUE}?assigned_to=me"))
        .await
        .expect(200);
    assert_eq!(field(&mine, "assigned_to"), [&json!(one.id)]);
    for nobodys in [format!("assigned_to={}", other.id), "assigned_to=x".to_owned()] {
        let list = one.client.get(&format!("{QUEUE}?{nobodys}")).await.expect(200);
        assert!(field(&list, "report").is_empty(), "{nobodys}");
    }
    // Handing over, and taking from somebody.
    let mut hand = of("post", 7);
    hand["assigned_to"] = json!(other.id);
    assert_eq!(one.client.post(ASSIGNMENTS, &hand).await.status, 204);
    assert_eq!(take(&one, 7).await, 400);
    assert_eq!(take(&boss, 7).await, 204);
    assert_eq!(release(&boss).await, 204);
    hand["assigned_to"] = json!(ann.id);
    assert_eq!(
        one.client.post(ASSIGNMENTS, &hand).await.expect(400),
        json!({ "assigned_to": ["This account is not a moderator."] })
    );
    assert_eq!(take(&one, 8).await, 400, "nothing waits");
    // Forgotten after a while.
    assert_eq!(take(&one, 7).await, 204);
    app.advance(chrono::Duration::minutes(10));
    assert_eq!(take(&other, 7).await, 400);
    app.stop().await;
}

#[tokio::test]
async fn an_old_claim_keeps_nobody_away() {
    let app = start().await;
    let (ann, one, other) = (user(&app).await, staff(&app).await, staff(&app).await);
    report(&ann, "post", 7).await;
    assert_eq!(take(&one, 7).await, 204);
    let longer_ago = "UPDATE report_assignments SET assigned_at = '2026-01-01T00:00:00+00:00'";
    crate::support::execute(&app, longer_ago).await;
    assert_eq!(take(&other, 7).await, 204);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_claims_at_once_one_is_granted() {
    let app = start().await;
    let ann = user(&app).await;
    let mut moderators = Vec::new();
    for _ in 0..6 {
        moderators.push(staff(&app).await);
    }
    for target in 0..4 {
        report(&ann, "post", target).await;
        let mut statuses = join_all(moderators.iter().map(|by| take(by, target))).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 400, 400, 400, 400, 400]);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_decision_needs_the_target_to_oneself_and_empties_it() {
    let app = start().await;
    let (ann, bob, one, other) = (
        user(&app).await,
        user(&app).await,
        staff(&app).await,
        staff(&app).await,
    );
    let filed = report(&ann, "user", bob.id).await;
    report(&one, "user", bob.id).await;
    let claim = of("user", bob.id);
    one.client.post(ASSIGNMENTS, &claim).await.expect(204);
    enforce(&other, "warn", ("user", bob.id)).await.expect(400);
    enforce(&one, "warn", ("user", bob.id)).await.expect(201);
    let queue = one.client.get(QUEUE).await.expect(200);
    assert_eq!(queue["results"], json!([]));
    let left = value::<i64>(&app, "SELECT count(*) FROM report_assignments").await;
    assert_eq!(left, 0);
    let own = ann
        .client
        .get(&format!("moderation/reports/{}/", filed["id"]))
        .await
        .expect(200);
    assert_eq!(own["status"], "resolved");
    app.stop().await;
}
