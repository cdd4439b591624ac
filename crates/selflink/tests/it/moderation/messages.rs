//! Messages: what moderators see of them, and what their decisions change.

use serde_json::{Value, json};

use super::{HANDLED, REPORTS, enforce, lift, report};
use crate::support::{TestUser, staff, start, user};

async fn send(by: &TestUser, to: &TestUser, text: &str) -> (i64, i64) {
    let thread = by
        .client
        .post("threads/direct/", &json!({ "user_id": to.id }))
        .await;
    let thread = thread.json()["id"].as_i64().expect("an id");
    let body = json!({ "thread": thread, "body": text });
    let sent = by.client.post("messages/", &body).await.expect(201);
    (thread, sent["id"].as_i64().expect("an id"))
}

async fn context(of: &TestUser, report: &Value) -> Value {
    let path = format!("{HANDLED}{}/context/", report["id"]);
    of.client.get(&path).await.expect(200)
}

#[tokio::test]
async fn a_report_opens_a_conversation_only_if_one_is_in_it() {
    let app = start().await;
    let (ann, bob, eve, boss) = (
        user(&app).await,
        user(&app).await,
        user(&app).await,
        staff(&app).await,
    );
    let (_, message) = send(&ann, &bob, "nasty words").await;
    for stranger in [&eve, &boss] {
        let filed = report(stranger, "message", message).await;
        let seen = context(&boss, &filed).await;
        assert_eq!(
            json!([seen["snapshot"], seen["content"], seen["subject"]]),
            json!(["", null, null])
        );
    }
    let filed = report(&bob, "message", message).await;
    let seen = context(&boss, &filed).await;
    assert_eq!(
        json!([seen["snapshot"], seen["content"], seen["subject"]]),
        json!(["nasty words", { "author": ann.id, "text": "nasty words", "is_removed": false }, ann.id])
    );
    app.stop().await;
}

#[tokio::test]
async fn a_message_is_taken_away_and_given_back() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let (thread, message) = send(&ann, &bob, "nasty words").await;
    let seen = async |who: &TestUser| {
        let page = who
            .client
            .get(&format!("messages/?thread={thread}"))
            .await
            .expect(200);
        page["results"][0]["body"].clone()
    };
    let decision = enforce(&boss, "remove", ("message", message)).await.expect(201);
    assert_eq!(seen(&bob).await, "");
    lift(&boss, &decision["id"]).await.expect(200);
    assert_eq!(
        (seen(&ann).await, seen(&bob).await),
        (json!("nasty words"), json!("nasty words"))
    );
    enforce(&boss, "remove", ("message", 5)).await.expect(400);
    app.stop().await;
}

#[tokio::test]
async fn banned_words_in_messages_are_reported_once() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (_, message) = send(&ann, &bob, "clean").await;
    let flags = async || {
        let list = ann.client.get(REPORTS).await.expect(200);
        list["results"].as_array().expect("a list").clone()
    };
    assert!(flags().await.is_empty());
    for text in ["a scam", "SPAM"] {
        ann.client
            .patch(&format!("messages/{message}/"), &json!({ "body": text }))
            .await
            .expect(200);
    }
    let (_, other) = send(&ann, &bob, "how offensive").await;
    let found: Vec<Value> = flags()
        .await
        .iter()
        .map(|flag| {
            json!([
                flag["target_type"],
                flag["target_id"],
                flag["status"],
                flag["notes"]
            ])
        })
        .collect();
    assert_eq!(
        found,
        [
            json!(["message", other, "in_review", "how offensive"]),
            json!(["message", message, "in_review", "a scam"]),
        ]
    );
    app.stop().await;
}
