//! Sending, replying, changing, deleting.

use serde_json::json;

use super::{bodies, group, history, id, of_message, of_thread, pair, seen, send, send_as};
use crate::support::{start, user};

#[tokio::test]
async fn a_message_is_seen_by_both_as_it_was_sent() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let text = "  😀 <b>é</b>\n\n漢字 ";
    let fields =
        json!({ "body": text, "client_uuid": " c1 ", "type": "system", "status": "read", "sender": bob.id });
    let sent = send_as(&ann, &thread, &fields).await.expect(201);
    assert_eq!(sent["body"], text.trim());
    assert_eq!(sent["thread"], thread["id"]);
    assert_eq!(
        json!([
            sent["type"],
            sent["meta"],
            sent["status"],
            sent["client_uuid"],
            sent["attachments"],
            sent["reactions"]
        ]),
        json!(["text", {}, "sent", "c1", [], []])
    );
    assert_eq!(
        json!([
            sent["reply_to"],
            sent["delivered_at"],
            sent["read_at"],
            sent["sender"]["id"]
        ]),
        json!([null, null, null, ann.id])
    );
    let mut other = bob.client.get(&of_message(&sent, "")).await.expect(200);
    assert_eq!(other["sender"]["email"], json!(null));
    other["sender"] = sent["sender"].clone();
    assert_eq!(other, sent);
    for name in ["text", "content"] {
        let sent = send_as(&ann, &thread, &json!({ "body": "", name: "x" }))
            .await
            .expect(201);
        assert_eq!(sent["body"], "x", "{name}");
    }
    let body = json!({ "thread": thread["id"].to_string(), "body": "there" });
    let there = ann.client.post("messaging/messages/", &body).await.expect(201);
    assert_eq!(there["client_uuid"], json!(null));
    assert_eq!(bodies(&history(&bob, &thread).await).last(), Some(&"there"));
    app.stop().await;
}

#[tokio::test]
async fn replies_show_how_the_other_message_begins_while_it_is_there() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let first = send(&ann, &thread, &"é".repeat(121)).await;
    let reply = send_as(
        &bob,
        &thread,
        &json!({ "body": "r", "reply_to": id(&first).to_string() }),
    )
    .await
    .expect(201);
    let preview = format!("{}...", "é".repeat(117));
    let expected = json!({
        "id": id(&first).to_string(), "sender_id": ann.id, "text_preview": preview, "has_attachments": false,
    });
    assert_eq!(reply["reply_to"], expected);
    let carol = user(&app).await;
    let elsewhere = send(&ann, &group(&ann, &[&carol]).await, "x").await;
    let field = |message: &str| json!({ "detail": { "reply_to_message_id": [message] } });
    for (reference, message) in [
        (json!(999), "Invalid pk \"999\" - object does not exist."),
        (json!("abc"), "Incorrect type. Expected pk value, received str."),
        (json!(id(&elsewhere)), "Must reply within the same thread."),
    ] {
        let refused = send_as(
            &bob,
            &thread,
            &json!({ "body": "r", "reply_to_message_id": reference }),
        )
        .await;
        assert_eq!(refused.expect(400), field(message));
    }
    for nothing in [json!(null), json!(""), json!(0)] {
        let fields = json!({ "body": "r", "reply_to_message_id": nothing });
        assert_eq!(
            send_as(&bob, &thread, &fields).await.expect(201)["reply_to"],
            json!(null)
        );
    }
    assert_eq!(ann.client.delete(&of_message(&first, "")).await.status, 204);
    let reply = bob.client.get(&of_message(&reply, "")).await.expect(200);
    assert_eq!(reply["reply_to"], json!(null));
    app.stop().await;
}

#[tokio::test]
async fn messages_belong_to_their_senders() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let carol = user(&app).await;
    let message = send(&ann, &thread, "mine").await;
    let path = &of_message(&message, "");
    let body = &json!({ "body": "yours" });
    bob.client.patch(path, body).await.expect(403);
    assert_eq!(bob.client.delete(path).await.status, 403);
    let missing = json!({ "detail": "No Message matches the given query." });
    assert_eq!(carol.client.patch(path, body).await.expect(404), missing);
    assert_eq!(carol.client.get(path).await.expect(404), missing);
    assert_eq!(carol.client.delete(path).await.expect(404), missing);
    let change =
        json!({ "body": " new ", "thread": 1, "client_uuid": "other", "status": "read", "sender": bob.id });
    let changed = ann.client.patch(path, &change).await.expect(200);
    assert_eq!(
        json!([
            changed["body"],
            changed["thread"],
            changed["client_uuid"],
            changed["status"],
            changed["created_at"]
        ]),
        json!(["new", thread["id"], null, "sent", message["created_at"]])
    );
    let nothing = ann.client.patch(path, &json!({ "body": "" })).await.expect(200);
    assert_eq!(nothing["body"], "");
    let put = ann
        .client
        .send("PUT", path, "application/json", r#"{"body":"x"}"#)
        .await;
    assert_eq!(
        put.expect(400),
        json!({ "thread": ["This field is required."], "client_uuid": ["This field is required."] })
    );
    app.stop().await;
}

#[tokio::test]
async fn threads_change_their_title_and_nothing_else() {
    let app = start().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = group(&ann, &[&carol, &bob, &carol]).await;
    let members = thread["members"].as_array().expect("is a list");
    let ids: Vec<_> = members.iter().map(|member| &member["user"]["id"]).collect();
    assert_eq!(
        json!(ids),
        json!([carol.id, bob.id, ann.id]),
        "as named, the creator last"
    );
    assert!(members.iter().all(|member| member["role"] == "member"));
    let change =
        json!({ "title": "New", "is_group": false, "participant_ids": [bob.id], "initial_message": "x" });
    let changed = carol
        .client
        .patch(&of_thread(&thread, ""), &change)
        .await
        .expect(200);
    assert_eq!(
        json!([changed["title"], changed["is_group"], changed["last_message"]]),
        json!(["New", true, null])
    );
    assert_eq!(changed["members"].as_array().map(Vec::len), Some(3));
    assert!(changed["updated_at"].as_str() > thread["updated_at"].as_str());
    // Neither reading nor reacting moves it; sending does.
    let sent = send(&bob, &thread, "hi").await;
    assert_eq!(seen(&ann, &thread).await["updated_at"], sent["created_at"]);
    ann.client
        .call("POST", &of_thread(&thread, "read/"))
        .await
        .expect(200);
    assert_eq!(seen(&ann, &thread).await["updated_at"], sent["created_at"]);
    let put = ann
        .client
        .send("PUT", &of_thread(&thread, ""), "application/json", "{}")
        .await;
    assert_eq!(
        put.expect(400),
        json!({ "participant_ids": ["This field is required."] })
    );
    assert_eq!(bob.client.delete(&of_thread(&thread, "")).await.status, 403);
    assert_eq!(ann.client.delete(&of_thread(&thread, "")).await.status, 204);
    let missing = json!({ "detail": "No Thread matches the given query." });
    assert_eq!(bob.client.get(&of_thread(&thread, "")).await.expect(404), missing);
    app.stop().await;
}

#[tokio::test]
async fn the_last_message_is_the_newest_that_is_left() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    send(&ann, &thread, "one").await;
    let two = send(&ann, &thread, "two").await;
    assert_eq!(
        seen(&bob, &thread).await["last_message"],
        json!({ "body": "two", "created_at": two["created_at"] })
    );
    ann.client.delete(&of_message(&two, "")).await;
    assert_eq!(seen(&bob, &thread).await["last_message"]["body"], "one");
    app.stop().await;
}
