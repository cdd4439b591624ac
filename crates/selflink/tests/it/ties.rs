//! Blocks and mutes.

use futures::future::join_all;
use platform::testing::TestApp;
use serde_json::{Value, json};

use crate::cli::run;
use crate::support::{TestUser, execute, field, start, user, value};

async fn tie(by: &TestUser, method: &str, whom: i64, kind: &str) -> Value {
    by.client
        .call(method, &format!("users/{whom}/{kind}/"))
        .await
        .expect(200)
}

fn ids(list: &Value) -> Vec<i64> {
    field(list, "id").iter().filter_map(|id| id.as_i64()).collect()
}

async fn counts(of: &TestUser) -> (i64, i64) {
    let me = of.client.get("users/me/").await.expect(200);
    let count = |name: &str| me[name].as_i64().expect("a number");
    (count("followers_count"), count("following_count"))
}

#[tokio::test]
async fn blocking_and_muting_may_be_repeated_and_ended() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for (kind, answer, list) in [("block", "blocked", "me/blocks/"), ("mute", "muted", "me/mutes/")] {
        for _ in 0..2 {
            assert_eq!(tie(&ann, "POST", bob.id, kind).await, json!({ answer: true }));
            assert_eq!(ids(&ann.client.get(list).await.expect(200)), [bob.id]);
        }
        assert_eq!(
            ids(&bob.client.get(list).await.expect(200)),
            [0; 0],
            "it is one-sided"
        );
        for _ in 0..2 {
            assert_eq!(tie(&ann, "DELETE", bob.id, kind).await, json!({ answer: false }));
            assert_eq!(ids(&ann.client.get(list).await.expect(200)), [0; 0]);
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn oneself_and_nobody_cannot_be_kept_away() {
    let app = start().await;
    let ann = user(&app).await;
    for (kind, message) in [
        ("block", "Cannot block yourself"),
        ("mute", "Cannot mute yourself"),
    ] {
        let own = ann
            .client
            .call("POST", &format!("users/{}/{kind}/", ann.id))
            .await;
        assert_eq!(own.expect(400), json!({ "detail": message }));
        for method in ["POST", "DELETE"] {
            let nobody = ann
                .client
                .call(method, &format!("users/5/{kind}/"))
                .await
                .expect(404);
            assert_eq!(nobody, json!({ "detail": "No User matches the given query." }));
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_block_ends_following_both_ways_and_prevents_it() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    tie(&ann, "POST", bob.id, "follow").await;
    tie(&bob, "POST", ann.id, "follow").await;
    tie(&ann, "POST", bob.id, "block").await;
    assert_eq!((counts(&ann).await, counts(&bob).await), ((0, 0), (0, 0)));
    for (one, other) in [(&ann, &bob), (&bob, &ann)] {
        let follow = one
            .client
            .call("POST", &format!("users/{}/follow/", other.id))
            .await;
        assert_eq!(
            follow.expect(404),
            json!({ "detail": "No User matches the given query." })
        );
    }
    tie(&ann, "DELETE", bob.id, "block").await;
    assert_eq!(counts(&ann).await, (0, 0), "what was before does not come back");
    tie(&bob, "POST", ann.id, "follow").await;
    app.stop().await;
}

#[tokio::test]
async fn follows_and_a_block_at_once_leave_no_follow() {
    let app = start().await;
    for _ in 0..5 {
        let (ann, bob) = (user(&app).await, user(&app).await);
        let (follow, back) = (
            format!("users/{}/follow/", bob.id),
            format!("users/{}/follow/", ann.id),
        );
        let block = format!("users/{}/block/", bob.id);
        let calls = [
            (&ann, &follow),
            (&bob, &back),
            (&ann, &block),
            (&ann, &follow),
            (&bob, &back),
        ];
        let answers = join_all(calls.map(|(who, path)| who.client.call("POST", path))).await;
        for answer in answers {
            assert!(matches!(answer.status, 200 | 404), "{answer:?}");
        }
        assert_eq!((counts(&ann).await, counts(&bob).await), ((0, 0), (0, 0)));
        assert_eq!(ids(&ann.client.get("me/blocks/").await.expect(200)), [bob.id]);
    }
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM follows").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn the_repair_of_counts_counts_anew() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    tie(&ann, "POST", bob.id, "follow").await;
    execute(&app, "UPDATE users SET followers_count = 7, following_count = -2").await;
    let repaired = repair(&app).await;
    assert_eq!(repaired, "Repaired the counts of 2 accounts.\n");
    assert_eq!((counts(&ann).await, counts(&bob).await), ((0, 1), (1, 0)));
    assert_eq!(repair(&app).await, "Repaired the counts of 0 accounts.\n");
    app.stop().await;
}

async fn repair(app: &TestApp) -> String {
    run(&app.database(), &["repair-follow-counts"]).await.succeeded()
}
