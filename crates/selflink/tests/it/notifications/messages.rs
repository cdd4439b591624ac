//! What is told of messages.

use platform::testing::TestApp;
use serde_json::{Value, json};

use super::{
    builders::{listed, only, unread},
    expo::{Expo, device},
};
use crate::{
    mails::post::all_is_done,
    support::{TestUser, start, user, user_called},
};

async fn thread(of: &TestUser, others: &[&TestUser]) -> i64 {
    let ids: Vec<i64> = others.iter().map(|other| other.id).collect();
    let body = json!({ "participant_ids": ids, "is_group": others.len() > 1 });
    let made = of.client.post("threads/", &body).await.expect(201);
    made["id"].as_i64().expect("an id")
}

async fn send(by: &TestUser, thread: i64, text: &str) -> i64 {
    let name: String = text.chars().take(20).collect();
    let body = json!({ "thread": thread, "body": text, "client_uuid": name });
    let sent = by.client.post("messages/", &body).await.expect(201);
    sent["id"].as_i64().expect("an id")
}

#[tokio::test]
async fn every_other_member_is_told_of_every_message() {
    let app = start().await;
    let (ann, bob, cid) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = thread(&ann, &[&bob, &cid]).await;
    let first = send(&ann, thread, "hello").await;
    // At once: nobody waits for what is told later.
    let told = json!(["message:new", { "thread_id": thread, "sender_id": ann.id }]);
    for other in [&bob, &cid] {
        let (kind, payload) = only(other).await;
        assert_eq!(json!([kind, payload]), told);
    }
    assert!(listed(&ann).await.is_empty());
    // The same message again is no new one.
    assert_eq!(send(&ann, thread, "hello").await, first);
    send(&ann, thread, "and more").await;
    all_is_done(&app).await;
    assert_eq!((listed(&bob).await.len(), unread(&bob).await), (2, 2));
    app.stop().await;
}

#[tokio::test]
async fn across_a_block_nobody_is_told_and_what_is_gone_is_told_of_no_longer() {
    let app = start().await;
    let (ann, bob, cid) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = thread(&ann, &[&bob, &cid]).await;
    bob.client
        .call("POST", &format!("users/{}/block/", ann.id))
        .await
        .expect(200);
    let message = send(&ann, thread, "hello").await;
    assert!(listed(&bob).await.is_empty());
    assert_eq!(listed(&cid).await.len(), 1);
    ann.client
        .call("DELETE", &format!("messages/{message}/"))
        .await
        .expect(204);
    all_is_done(&app).await;
    assert!(listed(&cid).await.is_empty());
    assert_eq!(unread(&cid).await, 0);
    app.stop().await;
}

async fn pushed(app: &TestApp, expo: &Expo, sender: &TestUser, thread: i64, text: &str) -> Value {
    send(sender, thread, text).await;
    all_is_done(app).await;
    expo.messages().last().cloned().expect("a push")
}

#[tokio::test]
async fn a_push_says_who_writes_what() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "bob").await);
    device(&bob, "phone").await;
    let thread = thread(&ann, &[&bob]).await;
    let long = format!("  {} ", "ü".repeat(200));
    let push = pushed(&app, &expo, &ann, thread, &long).await;
    let text = format!("{}...", "ü".repeat(137));
    assert_eq!(
        json!([
            push["title"],
            push["body"],
            push["data"]["type"],
            push["data"]["sender_name"],
            push["data"]["text"]
        ]),
        json!(["Name ann", text, "message:new", "Name ann", text])
    );
    assert_eq!(
        json!([push["data"]["thread_id"], push["data"]["sender_id"]]),
        json!([thread, ann.id])
    );
    let muted = expo.messages().len();
    bob.client
        .call("POST", &format!("users/{}/mute/", ann.id))
        .await
        .expect(200);
    send(&ann, thread, "quiet").await;
    all_is_done(&app).await;
    assert_eq!(expo.messages().len(), muted);
    assert_eq!(listed(&bob).await.len(), 2);
    app.stop().await;
}
