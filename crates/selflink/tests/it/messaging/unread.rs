//! Unread counts are those of a recount, whatever happens at the same time.

use futures::future::join_all;
use platform::testing::TestApp;
use serde_json::{Value, json};

use super::{group, history, id, of_message, of_thread, pair, read, seen, send, start_unlimited};
use crate::{
    cli::run,
    support::{TestUser, execute, user, value},
};

/// The members whose counters are not those of a recount.
const WRONG: &str = "SELECT count(*) FROM thread_members v JOIN threads t ON t.id = v.thread_id \
    WHERE t.message_count <> (SELECT count(*) FROM messages m WHERE m.thread_id = t.id) \
    OR v.own_count <> (SELECT count(*) FROM messages m WHERE m.thread_id = t.id AND m.sender_id = v.user_id) \
    OR v.seen_count <> (SELECT count(*) FROM messages m WHERE m.thread_id = t.id AND m.sender_id <> v.user_id \
    AND m.id <= coalesce(v.last_read_message_id, 0))";

async fn unread(viewer: &TestUser, thread: &Value) -> Value {
    seen(viewer, thread).await["unread_count"].clone()
}

#[tokio::test]
async fn messages_of_others_are_unread_until_they_are_read() {
    let app = start_unlimited().await;
    let (ann, bob, thread) = pair(&app).await;
    let mut sent = Vec::new();
    for number in 1..=4 {
        sent.push(send(&ann, &thread, "x").await);
        assert_eq!(unread(&bob, &thread).await, number);
    }
    send(&bob, &thread, "own").await;
    assert_eq!(
        (unread(&bob, &thread).await, unread(&ann, &thread).await),
        (json!(4), json!(1))
    );
    read(&bob, &thread, &json!({ "last_read_message_id": id(&sent[1]) }))
        .await
        .expect(200);
    assert_eq!(unread(&bob, &thread).await, 2);
    // What was read stays read when the marked message goes, and what was not read stays unread.
    for (gone, left) in [(&sent[1], 2), (&sent[0], 2), (&sent[2], 1)] {
        assert_eq!(ann.client.delete(&of_message(gone, "")).await.status, 204);
        assert_eq!(unread(&bob, &thread).await, left);
    }
    assert_eq!(value::<i64>(&app, WRONG).await, 0);
    app.stop().await;
}

/// The next number of a row that looks like chance and is the same every time.
fn next(seed: &mut u64) -> usize {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).expect("fits")
}

async fn act(user: &TestUser, thread: &Value, known: &[Value], number: usize) {
    let some = &known[number / 8 % known.len()];
    let answer = match number % 8 {
        0..=2 => {
            user.client
                .post(&of_thread(thread, "messages/"), &json!({ "body": "x" }))
                .await
        }
        3 | 4 => read(user, thread, &json!({ "last_read_message_id": id(some) })).await,
        5 => read(user, thread, &json!({})).await,
        _ => user.client.delete(&of_message(some, "")).await,
    };
    assert!(matches!(answer.status, 200 | 201 | 204 | 403 | 404), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counters_are_exact_whatever_is_sent_read_and_deleted_at_once() {
    let app = start_unlimited().await;
    let users = [user(&app).await, user(&app).await, user(&app).await];
    let thread = &group(&users[0], &[&users[1], &users[2]]).await;
    for user in &users {
        send(user, thread, "first").await;
    }
    let mut seed = 7;
    for _ in 0..8 {
        let known = &history(&users[0], thread).await;
        if known.is_empty() {
            send(&users[0], thread, "again").await;
            continue;
        }
        let acts: Vec<usize> = (0..24).map(|_| next(&mut seed)).collect();
        join_all(
            acts.iter()
                .map(|number| act(&users[number % 3], thread, known, number / 3)),
        )
        .await;
        assert_eq!(value::<i64>(&app, WRONG).await, 0);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_command_repairs_them() {
    let app = start_unlimited().await;
    let (ann, bob, thread) = pair(&app).await;
    send(&ann, &thread, "x").await;
    execute(&app, "UPDATE threads SET message_count = 9").await;
    execute(&app, "UPDATE thread_members SET own_count = 5, seen_count = 3").await;
    assert_eq!(
        repaired(&app).await,
        "Repaired the counts of 1 threads and 2 members.\n"
    );
    assert_eq!(
        repaired(&app).await,
        "Repaired the counts of 0 threads and 0 members.\n"
    );
    assert_eq!(unread(&bob, &thread).await, 1);
    app.stop().await;
}

async fn repaired(app: &TestApp) -> String {
    run(&app.database(), &["repair-unread-counts"]).await.succeeded()
}
