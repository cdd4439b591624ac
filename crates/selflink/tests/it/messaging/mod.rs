//! Threads and messages, and what the members of threads are told.

mod attachments;
mod conversation;
mod direct;
mod events;
mod hostile;
mod leaving;
mod limits;
mod lists;
mod policies;
mod publishing;
mod races;
mod receipts;
mod statements;
mod typing;
mod unread;

use std::time::Duration;

use platform::{
    pubsub::{Delivery, Subscription},
    testing::{Answer, TestApp},
};
use serde_json::{Value, json};

use crate::support::{TestUser, start_with, user};

/// The program without limits to how much one may send.
async fn start_unlimited() -> TestApp {
    start_with(&[("MESSAGES_PER_MINUTE", "0"), ("THREADS_PER_MINUTE", "0")]).await
}

/// Ann and Bob, and their thread.
async fn pair(app: &TestApp) -> (TestUser, TestUser, Value) {
    let (ann, bob) = (user(app).await, user(app).await);
    let thread = direct(&ann, &bob).await;
    (ann, bob, thread)
}

/// The direct thread of two people.
async fn direct(one: &TestUser, other: &TestUser) -> Value {
    let answer = one
        .client
        .post("threads/direct/", &json!({ "user_id": other.id }))
        .await;
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    answer.json()
}

/// A group.
async fn group(creator: &TestUser, others: &[&TestUser]) -> Value {
    let ids: Vec<i64> = others.iter().map(|other| other.id).collect();
    let body = json!({ "participant_ids": ids, "is_group": true, "title": "all of us" });
    creator.client.post("threads/", &body).await.expect(201)
}

/// The path of a thread, and of what is below it.
fn of_thread(thread: &Value, rest: &str) -> String {
    format!("threads/{}/{rest}", thread["id"])
}

/// The same for a message.
fn of_message(message: &Value, rest: &str) -> String {
    format!("messages/{}/{rest}", message["id"])
}

/// Sends with these fields.
async fn send_as(sender: &TestUser, thread: &Value, fields: &Value) -> Answer {
    sender.client.post(&of_thread(thread, "messages/"), fields).await
}

/// Sends a text.
async fn send(sender: &TestUser, thread: &Value, text: &str) -> Value {
    send_as(sender, thread, &json!({ "body": text }))
        .await
        .expect(201)
}

async fn read(reader: &TestUser, thread: &Value, body: &Value) -> Answer {
    reader.client.post(&of_thread(thread, "read/"), body).await
}

/// A thread as one of its members sees it.
async fn seen(viewer: &TestUser, thread: &Value) -> Value {
    viewer.client.get(&of_thread(thread, "")).await.expect(200)
}

/// Everything in a thread.
async fn history(viewer: &TestUser, thread: &Value) -> Vec<Value> {
    let answer = viewer.client.get(&of_thread(thread, "sync/")).await.expect(200);
    assert_eq!(answer["messages"], answer["results"]);
    answer["messages"].as_array().expect("is a list").clone()
}

fn bodies(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message["body"].as_str().expect("is a text"))
        .collect()
}

fn id(thing: &Value) -> i64 {
    thing["id"].as_i64().expect("has an id")
}

async fn block(one: &TestUser, other: &TestUser) {
    let path = format!("users/{}/block/", other.id);
    one.client.call("POST", &path).await.expect(200);
}

/// What somebody's clients are told.
struct Heard(Subscription);

async fn listen(app: &TestApp, user: &TestUser) -> Heard {
    let channel = format!("user:{}", user.id);
    Heard(app.app.pubsub().subscribe(&channel).await.expect("subscribes"))
}

impl Heard {
    /// What comes next in this domain.
    async fn next(&mut self) -> Value {
        loop {
            let delivery = tokio::time::timeout(Duration::from_mins(1), self.0.next());
            let frame: Value = match delivery.await.expect("something comes") {
                Some(Delivery::Message(bytes)) => serde_json::from_slice(&bytes).expect("is JSON"),
                other => panic!("{other:?}"),
            };
            let kind = frame["type"].as_str().unwrap_or_default();
            if kind.starts_with("message:") || matches!(kind, "typing" | "member_left") {
                return frame;
            }
        }
    }

    /// What comes until a message with this text, which is the last.
    async fn until(&mut self, text: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            let is_last = frame["payload"]["body"] == text;
            frames.push(frame);
            if is_last {
                return frames;
            }
        }
    }
}
