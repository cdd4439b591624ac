//! The counter of unread notifications equals the rows, whatever happens at the same time.

use ::notifications::Kind;
use futures::future::join_all;
use platform::testing::TestApp;
use serde_json::json;

use super::builders::{listed, tell, unread};
use crate::{
    cli::run,
    support::{TestUser, execute, start, user, value},
};

async fn is_exact(app: &TestApp, user: &TestUser) -> i64 {
    let rows: i64 = value(
        app,
        &format!(
            "SELECT count(*) FROM notifications WHERE user_id = {} AND state = 'shown' AND NOT is_read",
            user.id
        ),
    )
    .await;
    assert_eq!(unread(user).await, rows);
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_and_makers_at_once_leave_an_exact_count() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for round in 0..2 {
        let calls = (0..50).map(|n| {
            let (app, ann, bob) = (&app, &ann, &bob);
            async move {
                match n % 5 {
                    0 => {
                        let answer = ann
                            .client
                            .call("POST", "notifications/mark-all-read/")
                            .await
                            .expect(200);
                        answer["updated"].as_i64().expect("a number")
                    }
                    1 => {
                        // Two of each key: the second tells nobody.
                        tell(app, Kind::Like, bob, &[ann], &format!("{round}:{}", n / 10)).await;
                        0
                    }
                    2 => {
                        if let Some(first) = listed(ann).await.first() {
                            let path = format!("notifications/{}/", first["id"]);
                            ann.client.patch(&path, &json!({ "is_read": true })).await;
                        }
                        0
                    }
                    3 => {
                        if let Some(first) = listed(ann).await.last() {
                            ann.client
                                .delete(&format!("notifications/{}/", first["id"]))
                                .await;
                        }
                        0
                    }
                    _ => {
                        ann.client
                            .post("notifications/", &json!({ "type": "t" }))
                            .await
                            .expect(201);
                        0
                    }
                }
            }
        });
        join_all(calls).await;
        is_exact(&app, &ann).await;
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_row_is_marked_once() {
    let app = start().await;
    let ann = user(&app).await;
    for _ in 0..40 {
        ann.client
            .post("notifications/", &json!({ "type": "t" }))
            .await
            .expect(201);
    }
    assert_eq!(is_exact(&app, &ann).await, 40);
    let answers = join_all((0..50).map(|_| ann.client.call("POST", "notifications/mark-all-read/"))).await;
    let marked: i64 = answers
        .iter()
        .map(|answer| answer.expect(200)["updated"].as_i64().expect("a number"))
        .sum();
    assert_eq!(marked, 40);
    assert_eq!(is_exact(&app, &ann).await, 0);
    let one = ann
        .client
        .post("notifications/", &json!({ "type": "t" }))
        .await
        .expect(201);
    let path = format!("notifications/{}/", one["id"]);
    let body = json!({ "is_read": true });
    let answers = join_all((0..10).map(|_| ann.client.patch(&path, &body))).await;
    let times: Vec<_> = answers
        .iter()
        .map(|answer| answer.expect(200)["read_at"].clone())
        .collect();
    assert!(times.iter().all(|time| *time == times[0]), "{times:?}");
    assert_eq!(is_exact(&app, &ann).await, 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_are_told_by_many_at_once_each_have_theirs() {
    let app = start().await;
    let mut people = Vec::new();
    for _ in 0..6 {
        people.push(user(&app).await);
    }
    let everybody: Vec<&TestUser> = people.iter().collect();
    let mut backwards = everybody.clone();
    backwards.reverse();
    let keys: Vec<String> = (0..12).map(|n| format!("k{}", n / 2)).collect();
    let tellings = keys.iter().enumerate().map(|(n, key)| {
        let whom = if n % 2 == 0 { &everybody } else { &backwards };
        tell(&app, Kind::Mention, &people[0], whom, key)
    });
    let told: usize = join_all(tellings).await.into_iter().sum();
    assert_eq!(told, 6 * 5, "each of six keys reaches the five others once");
    for person in &people[1..] {
        assert_eq!(is_exact(&app, person).await, 6);
    }
    assert_eq!(is_exact(&app, &people[0]).await, 0);
    app.stop().await;
}

#[tokio::test]
async fn the_repair_counts_anew() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for user in [&ann, &ann, &bob] {
        user.client
            .post("notifications/", &json!({ "type": "t" }))
            .await
            .expect(201);
    }
    execute(&app, "UPDATE notification_counters SET unread = 7").await;
    execute(
        &app,
        &format!("DELETE FROM notification_counters WHERE user_id = {}", bob.id),
    )
    .await;
    let repair = async || {
        run(&app.database(), &["repair-notification-counts"])
            .await
            .succeeded()
    };
    assert_eq!(repair().await, "Repaired the counts of 2 accounts.\n");
    assert_eq!((unread(&ann).await, unread(&bob).await), (2, 1));
    assert_eq!(repair().await, "Repaired the counts of 0 accounts.\n");
    app.stop().await;
}
