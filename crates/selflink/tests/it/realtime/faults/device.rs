//! A client that does what clients are told to do: it sends until it has an answer, resumes where it was, and reads the list
//! when it is asked to.

use std::time::Duration;

use futures::StreamExt as _;
use platform::testing::{Client, TestApp};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use super::super::Socket;
use crate::support::TestUser;

/// How long one attempt to send may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long all attempts together may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// One connection's worth of listening, and what was heard in all of them.
pub struct Device {
    client: Client,
    token: String,
    url: String,
    thread: String,
    last_event: String,
    /// Ids and texts, in the order of their arrival.
    pub messages: Vec<(i64, String)>,
}

impl Device {
    /// Somebody's, which reaches the instance at this URL.
    pub fn new(person: &TestUser, url: &str, thread: &str) -> Self {
        let token = person.client.token.clone().expect("is signed in");
        Self {
            client: Client::new(url).with_token(&token),
            token,
            url: url.to_owned(),
            thread: thread.to_owned(),
            last_event: String::new(),
            messages: Vec::new(),
        }
    }

    /// Where it is connected to, for messages about it.
    pub fn name(&self) -> &str {
        &self.url
    }

    /// Listens, over as many connections as it takes, until it has so many messages.
    pub async fn listen(&mut self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.messages.len() < count {
            let has = self.messages.len();
            assert!(
                Instant::now() < deadline,
                "{} has {has} of {count} messages",
                self.url
            );
            let query = format!("token={}&last_event_id={}", self.token, self.last_event);
            if let Ok(mut socket) = Socket::try_dial(&self.url, &query).await {
                self.hear(&mut socket, count, deadline).await;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Listens until the connection ends, or it has everything.
    async fn hear(&mut self, socket: &mut Socket, count: usize, deadline: Instant) {
        while self.messages.len() < count {
            match timeout_at(deadline, socket.0.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    let frame = serde_json::from_str(&text).expect("is JSON");
                    if !self.take(&frame).await {
                        return;
                    }
                }
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                _ => return,
            }
        }
    }

    /// Takes a frame; whether that worked.
    async fn take(&mut self, frame: &Value) -> bool {
        let event = frame["event_id"].as_str();
        match frame["type"].as_str() {
            // Where it is from now on, if it was nowhere yet: what is older is in the list.
            Some("resumed") if !self.last_event.is_empty() => return true,
            Some("resumed" | "sync_required") if !self.sync().await => return false,
            Some("message:new") => self.keep(&frame["payload"]),
            _ => {}
        }
        if let Some(event) = event {
            event.clone_into(&mut self.last_event);
        }
        true
    }

    /// Everything after the newest message that it has.
    async fn sync(&mut self) -> bool {
        let newest = self.messages.last().map_or(0, |(id, _)| *id);
        let path = format!("threads/{}/sync/?since={newest}", self.thread);
        match timeout(ATTEMPT, self.client.try_send("GET", &path, None)).await {
            Ok(Ok(answer)) if answer.status == 200 => {
                let answer = answer.json();
                for message in answer["results"].as_array().expect("a list") {
                    self.keep(message);
                }
                true
            }
            _ => false,
        }
    }

    fn keep(&mut self, message: &Value) {
        let (id, body) = read(message);
        if self.messages.iter().all(|(known, _)| *known != id) {
            self.messages.push((id, body));
        }
    }
}

/// Sends until there is an answer; with `loses_answer`, the first one counts as lost.
pub async fn send(person: &TestUser, url: &str, thread: &str, body: &str, loses_answer: bool) {
    let token = person.client.token.as_deref().expect("is signed in");
    let client = Client::new(url).with_token(token);
    let path = format!("threads/{thread}/messages/");
    let message = json!({ "body": body, "client_uuid": body });
    let mut is_lost = loses_answer;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match timeout(ATTEMPT, client.try_send("POST", &path, Some(&message))).await {
            Ok(Ok(answer)) if answer.status < 300 && !is_lost => return,
            Ok(Ok(answer)) => {
                assert!(answer.status < 300 || answer.status >= 500, "{}", answer.text);
                is_lost = false;
            }
            _ => {}
        }
        assert!(Instant::now() < deadline, "{body} is not taken");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The messages as they are stored.
pub async fn stored(app: &TestApp, person: &TestUser, thread: &str) -> Vec<(i64, String)> {
    let token = person.client.token.as_deref().expect("is signed in");
    let client = app.client().with_token(token);
    let answer = client.get(&format!("threads/{thread}/sync/")).await.expect(200);
    let messages = answer["results"].as_array().expect("a list");
    messages.iter().map(read).collect()
}

fn read(message: &Value) -> (i64, String) {
    let id = match &message["id"] {
        Value::String(id) => id.parse().expect("is a number"),
        id => id.as_i64().expect("is a number"),
    };
    (id, message["body"].as_str().expect("is a text").to_owned())
}
