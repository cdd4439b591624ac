//! What is to be told is told, whatever happens to whoever was about to tell it.

use platform::testing::TestApp;
use serde_json::json;

use super::{group, history, listen, of_thread, pair, read, send};
use crate::support::{eventually, execute, start, start_with, user, value};

/// Lets a thread look as if a process had died after a commit: its notice waits, and it still holds the lease.
async fn die(app: &TestApp, body: &str) {
    let now = app.app.clock().now().timestamp_millis();
    for statement in [
        format!(
            "UPDATE threads SET publisher = 1, publishing_until = {}",
            now + 3_000
        ),
        format!(
            "INSERT INTO thread_notices (id, thread_id, created_at) SELECT m.id, m.thread_id, m.created_at \
             FROM messages m WHERE m.body = '{body}'"
        ),
    ] {
        execute(app, &statement).await;
    }
}

async fn waiting(app: &TestApp) -> i64 {
    value(app, "SELECT count(*) FROM thread_notices").await
}

#[tokio::test]
async fn what_a_dead_process_has_left_is_told_before_what_comes_later() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let mut heard = listen(&app, &bob).await;
    send(&ann, &thread, "one").await;
    heard.until("one").await;
    eventually("the notice is gone", async || {
        (waiting(&app).await == 0).then_some(())
    })
    .await;
    die(&app, "one").await;
    // The lease has not run out: this one waits as well.
    send(&ann, &thread, "two").await;
    let frames = heard.until("two").await;
    let told: Vec<_> = frames
        .iter()
        .map(|frame| frame["payload"]["body"].clone())
        .collect();
    assert_eq!(json!(told), json!(["one", "two"]));
    eventually("nothing is left", async || {
        (waiting(&app).await == 0).then_some(())
    })
    .await;
    let held: i64 = value(&app, "SELECT count(*) FROM threads WHERE publisher IS NOT NULL").await;
    assert_eq!(held, 0);
    app.stop().await;
}

#[tokio::test]
async fn notices_of_what_is_gone_are_passed_over() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    send(&ann, &thread, "x").await;
    eventually("the notice is gone", async || {
        (waiting(&app).await == 0).then_some(())
    })
    .await;
    die(&app, "x").await;
    execute(&app, "DELETE FROM messages").await;
    execute(&app, "UPDATE threads SET message_count = 0").await;
    execute(&app, "UPDATE thread_members SET own_count = 0").await;
    let mut heard = listen(&app, &bob).await;
    send(&ann, &thread, "y").await;
    assert_eq!(heard.until("y").await.len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn many_notices_at_once_are_all_told() {
    let app = super::start_unlimited().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let thread = group(&ann, &[&bob]).await;
    let now = app.app.clock().now().to_rfc3339();
    // 256 messages.
    execute(
        &app,
        &format!(
            "INSERT INTO messages (id, thread_id, sender_id, body, created_at, updated_at) \
             VALUES (1, {0}, {1}, 'x', '{now}', '{now}')",
            thread["id"], ann.id
        ),
    )
    .await;
    for step in [1, 2, 4, 8, 16, 32, 64, 128] {
        execute(
            &app,
            &format!(
                "INSERT INTO messages (id, thread_id, sender_id, body, created_at, updated_at) \
                 SELECT id + {step}, thread_id, sender_id, body, created_at, updated_at FROM messages"
            ),
        )
        .await;
    }
    execute(&app, "UPDATE threads SET message_count = 256, newest_id = 256").await;
    execute(
        &app,
        &format!(
            "UPDATE thread_members SET own_count = 256 WHERE user_id = {}",
            ann.id
        ),
    )
    .await;
    let mut heard = listen(&app, &ann).await;
    read(&bob, &thread, &json!({})).await.expect(200);
    send(&bob, &thread, "end").await;
    let frames = heard.until("end").await;
    assert_eq!(frames.len(), 257);
    let ids: Vec<i64> = frames[..256]
        .iter()
        .filter_map(|frame| frame["message_id"].as_str()?.parse().ok())
        .collect();
    assert_eq!(ids, (1..=256).collect::<Vec<i64>>());
    app.stop().await;
}

#[tokio::test]
async fn without_the_broker_everything_works_and_is_told_when_it_is_back() {
    let away = [("PUBSUB_REDIS_URL", "redis://127.0.0.1:1/0")];
    let app = start_with(&away).await;
    let (ann, bob, thread) = pair(&app).await;
    let sent = send(&ann, &thread, "kept").await;
    ann.client
        .call("POST", &of_thread(&thread, "typing/"))
        .await
        .expect(200);
    bob.client.get(&of_thread(&thread, "typing/")).await.expect(200);
    read(&bob, &thread, &json!({})).await.expect(200);
    assert_eq!(history(&bob, &thread).await[0]["id"], sent["id"]);
    assert_eq!(waiting(&app).await, 2);
    let database = app.database();
    app.stop().await;
    let app = TestApp::on(database, selflink::instance(), &[]).await;
    eventually("what waited is told", async || {
        (waiting(&app).await == 0).then_some(())
    })
    .await;
    app.stop().await;
}
