//! What has arrived and what was read, and reactions.

use futures::future::join_all;
use serde_json::json;

use super::{group, history, id, of_message, of_thread, pair, read, seen, send, start_unlimited};
use crate::support::{start, user};

#[tokio::test]
async fn messages_arrive_once_and_never_step_back() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let carol = user(&app).await;
    let message = send(&ann, &thread, "x").await;
    let path = &of_message(&message, "ack/");
    let delivered = json!({ "status": "delivered" });
    for wrong in [
        json!({}),
        json!({ "status": "read" }),
        json!({ "status": 1 }),
        json!({ "status": null }),
    ] {
        let refused = bob.client.post(path, &wrong).await.expect(400);
        assert_eq!(refused, json!({ "detail": "status must be 'delivered'." }));
    }
    assert_eq!(
        ann.client.post(path, &delivered).await.expect(200)["status"],
        "sent"
    );
    carol.client.post(path, &delivered).await.expect(404);
    let first = bob.client.post(path, &delivered).await.expect(200);
    assert_eq!(
        json!([first["status"], first["read_at"]]),
        json!(["delivered", null])
    );
    assert_eq!(bob.client.post(path, &delivered).await.expect(200), first);
    read(&bob, &thread, &json!({})).await.expect(200);
    let last = bob.client.post(path, &delivered).await.expect(200);
    assert_eq!(
        json!([last["status"], last["delivered_at"]]),
        json!(["read", first["delivered_at"]])
    );
    assert!(last["read_at"].as_str() > first["delivered_at"].as_str());
    app.stop().await;
}

#[tokio::test]
async fn a_mark_moves_forward_to_what_is_in_the_thread() {
    let app = start_unlimited().await;
    let (ann, bob, thread) = pair(&app).await;
    assert_eq!(read(&bob, &thread, &json!({})).await.status, 204);
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(send(&ann, &thread, "x").await);
    }
    let own = send(&bob, &thread, "own").await;
    let text = format!(" {} ", id(&sent[1]));
    let marked = read(&bob, &thread, &json!({ "last_read_message_id": text }))
        .await
        .expect(200);
    assert_eq!(
        marked,
        json!({ "status": "read", "last_read_message_id": id(&sent[1]).to_string() })
    );
    let back = read(&bob, &thread, &json!({ "last_read_id": id(&sent[0]) }))
        .await
        .expect(200);
    assert_eq!(back["last_read_message_id"], json!(id(&sent[1]).to_string()));
    let statuses: Vec<_> = history(&ann, &thread)
        .await
        .iter()
        .map(|message| message["status"].clone())
        .collect();
    assert_eq!(json!(statuses), json!(["read", "read", "sent", "sent", "sent"]));
    for unusable in [
        json!("x"),
        json!([1]),
        json!(999),
        json!(u64::MAX),
        json!(null),
        json!(id(&own) + 1),
    ] {
        let marked = read(&bob, &thread, &json!({ "last_read_message_id": unusable }))
            .await
            .expect(200);
        assert_eq!(
            marked["last_read_message_id"],
            json!(id(&own).to_string()),
            "{unusable}"
        );
    }
    let messages = history(&ann, &thread).await;
    assert!(
        messages[..4]
            .iter()
            .all(|message| message["read_at"] == message["delivered_at"] && message["status"] == "read")
    );
    assert_eq!(messages[4]["status"], "sent", "one does not read one's own");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn marks_set_at_once_end_at_the_furthest() {
    let app = start_unlimited().await;
    let (ann, bob, thread) = pair(&app).await;
    let mut sent = Vec::new();
    for _ in 0..8 {
        sent.push(send(&ann, &thread, "x").await);
    }
    let reads = sent.iter().map(|message| {
        let body = json!({ "last_read_message_id": id(message) });
        let (bob, thread) = (&bob, &thread);
        async move { read(bob, thread, &body).await }
    });
    for answer in join_all(reads).await {
        answer.expect(200);
    }
    let mark = read(&bob, &thread, &json!({ "last_read_message_id": id(&sent[0]) }))
        .await
        .expect(200);
    assert_eq!(mark["last_read_message_id"], json!(id(&sent[7]).to_string()));
    assert_eq!(seen(&bob, &thread).await["unread_count"], 0);
    app.stop().await;
}

#[tokio::test]
async fn in_a_group_the_first_reader_counts_and_counts_are_everybodys_own() {
    let app = start().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = group(&ann, &[&bob, &carol]).await;
    let message = send(&ann, &thread, "x").await;
    read(&bob, &thread, &json!({})).await.expect(200);
    let shown = ann.client.get(&of_message(&message, "")).await.expect(200);
    assert_eq!(shown["status"], "read");
    assert_eq!(seen(&carol, &thread).await["unread_count"], 1);
    app.stop().await;
}

#[tokio::test]
async fn reactions_are_given_and_taken_back() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let carol = user(&app).await;
    let message = send(&ann, &thread, "x").await;
    let path = &of_message(&message, "reactions/");
    for (emoji, by) in [("❤️", &bob), ("👍🏽", &ann), ("❤️", &ann)] {
        let answer = by.client.post(path, &json!({ "emoji": emoji })).await.expect(200);
        assert_eq!(answer["action"], "added");
    }
    let one = |emoji: &str, count: i64, own: bool| json!({ "emoji": emoji, "count": count, "reacted_by_current_user": own });
    assert_eq!(
        bob.client.get(path).await.expect(200),
        json!({ "reactions": [one("❤️", 2, true), one("👍🏽", 1, false)] })
    );
    let answer = ann.client.post(path, &json!({ "emoji": "👍🏽" })).await.expect(200);
    assert_eq!(
        answer,
        json!({ "action": "removed", "reactions": [one("❤️", 2, true)] })
    );
    let shown = history(&bob, &thread).await[0]["reactions"].clone();
    assert_eq!(shown, json!([one("❤️", 2, true)]));
    let family = "👨‍👩‍👧‍👦".chars().chain("x".repeat(9).chars()).collect::<String>();
    for (emoji, message) in [
        (json!(null), "emoji is required"),
        (json!(""), "emoji is required"),
        (json!(["x"]), "emoji is required"),
        (json!(5), "emoji is required"),
        (json!("\0"), "Null characters are not allowed."),
        (json!("x".repeat(17)), "emoji is too long"),
    ] {
        let refused = bob.client.post(path, &json!({ "emoji": emoji })).await;
        assert_eq!(refused.expect(400), json!({ "detail": message }), "{emoji}");
    }
    bob.client
        .post(path, &json!({ "emoji": family }))
        .await
        .expect(200);
    bob.client.post(path, &json!({ "emoji": " " })).await.expect(200);
    let missing = json!({ "detail": "No Message matches the given query." });
    assert_eq!(carol.client.get(path).await.expect(404), missing);
    assert_eq!(
        carol
            .client
            .post(path, &json!({ "emoji": "x" }))
            .await
            .expect(404),
        missing
    );
    let outsider = carol
        .client
        .call("POST", &of_thread(&thread, "read/"))
        .await
        .expect(403);
    assert_eq!(outsider, json!({ "detail": "Not a member of this thread" }));
    app.stop().await;
}
