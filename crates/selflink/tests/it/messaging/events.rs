//! What the members of a thread are told.

use serde_json::json;

use super::{group, id, listen, of_message, of_thread, pair, read, send, send_as};
use crate::support::{start, user};

#[tokio::test]
async fn the_life_of_a_message_is_told_to_both_in_order() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let (mut at_ann, mut at_bob) = (listen(&app, &ann).await, listen(&app, &bob).await);
    let sent = send_as(&ann, &thread, &json!({ "body": "hi", "client_uuid": "c1" }))
        .await
        .expect(201);
    bob.client
        .post(&of_message(&sent, "ack/"), &json!({ "status": "delivered" }))
        .await
        .expect(200);
    read(&bob, &thread, &json!({})).await.expect(200);
    bob.client
        .post(&of_message(&sent, "reactions/"), &json!({ "emoji": "👍" }))
        .await
        .expect(200);
    let (message, of) = (id(&sent).to_string(), id(&thread).to_string());
    for (heard, is_bob) in [(&mut at_ann, false), (&mut at_bob, true)] {
        let new = heard.next().await;
        let payload = &new["payload"];
        assert_eq!(
            json!([new["type"], payload["id"], payload["thread"]]),
            json!(["message:new", message, of])
        );
        assert_eq!(
            payload["sender"]["email"],
            json!(null),
            "nobody in particular sees it"
        );
        for field in [
            "body",
            "client_uuid",
            "created_at",
            "status",
            "attachments",
            "reply_to",
            "reactions",
        ] {
            assert_eq!(payload[field], sent[field], "{field}");
        }
        let delivered = heard.next().await;
        assert_eq!(
            json!([
                delivered["type"],
                delivered["message_id"],
                delivered["thread_id"],
                delivered["status"]
            ]),
            json!(["message:status", message, of, "delivered"])
        );
        let payload = &delivered["payload"];
        assert_eq!(
            json!([
                payload["id"],
                payload["thread"],
                payload["status"],
                payload["read_at"],
                payload["client_uuid"]
            ]),
            json!([message, of, "delivered", null, "c1"])
        );
        assert!(
            payload["delivered_at"]
                .as_str()
                .is_some_and(|time| time.ends_with("+00:00"))
        );
        assert_eq!(heard.next().await["payload"]["status"], "read");
        let reaction = heard.next().await;
        let given = json!([{ "emoji": "👍", "count": 1, "reactedByCurrentUser": is_bob, "reacted_by_current_user": is_bob }]);
        assert_eq!(reaction["reactions"], given);
        assert_eq!(
            reaction["payload"],
            json!({ "message_id": message, "thread": of, "emoji": "👍", "user_id": bob.id, "action": "added" })
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn reading_tells_of_each_message_once() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let mut sent = Vec::new();
    for number in 0..3 {
        sent.push(send(&ann, &thread, &number.to_string()).await);
    }
    send(&bob, &thread, "own").await;
    let mut heard = listen(&app, &ann).await;
    read(&bob, &thread, &json!({ "last_read_id": id(&sent[1]) }))
        .await
        .expect(200);
    read(&bob, &thread, &json!({})).await.expect(200);
    read(&bob, &thread, &json!({})).await.expect(200);
    send(&ann, &thread, "end").await;
    let frames = heard.until("end").await;
    let read: Vec<_> = frames
        .iter()
        .filter(|frame| frame["type"] == "message:status")
        .map(|frame| frame["message_id"].clone())
        .collect();
    let expected: Vec<String> = sent.iter().map(|message| id(message).to_string()).collect();
    assert_eq!(json!(read), json!(expected));
    let mut ids: Vec<_> = frames.iter().map(|frame| frame["event_id"].to_string()).collect();
    ids.dedup();
    assert_eq!(ids.len(), frames.len(), "each has an id of its own");
    app.stop().await;
}

#[tokio::test]
async fn who_has_left_hears_nothing_more_and_those_who_stay_hear_of_it() {
    let app = start().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = group(&ann, &[&bob, &carol]).await;
    let (mut at_bob, mut at_carol) = (listen(&app, &bob).await, listen(&app, &carol).await);
    assert_eq!(
        bob.client
            .call("POST", &of_thread(&thread, "leave/"))
            .await
            .status,
        204
    );
    let left = at_carol.next().await;
    assert_eq!(
        json!([left["type"], left["thread_id"], left["user_id"]]),
        json!(["member_left", thread["id"], bob.id])
    );
    assert!(left["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
    send(&ann, &thread, "without bob").await;
    assert_eq!(at_carol.next().await["payload"]["body"], "without bob");
    let other = group(&ann, &[&bob]).await;
    send(&ann, &other, "with bob").await;
    assert_eq!(at_bob.next().await["payload"]["body"], "with bob");
    app.stop().await;
}

#[tokio::test]
async fn first_messages_are_told_and_refused_ones_are_not() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut heard = listen(&app, &bob).await;
    let body = json!({ "participant_ids": [bob.id], "initial_message": " first " });
    let thread = ann.client.post("threads/", &body).await.expect(201);
    assert_eq!(thread["last_message"]["body"], "first");
    send_as(&ann, &thread, &json!({ "body": "a\u{0}b" }))
        .await
        .expect(400);
    send(&ann, &thread, "end").await;
    assert_eq!(heard.until("end").await.len(), 2);
    app.stop().await;
}
