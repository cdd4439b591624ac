//! Expo's push service, on a port of this machine: as far as its documentation says what it does.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use parking_lot::Mutex;
use platform::testing::TestApp;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::support::{TestUser, start_with};

/// How the service is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Well,
    /// Too many requests.
    Busy,
    Down,
    /// Refuses whole requests.
    Refusing,
    /// Answers what nobody can read.
    Garbled,
    /// Takes requests and does not answer.
    Silent,
}

#[derive(Default)]
struct Kept {
    mood: Mood,
    /// The messages of each request.
    requests: Vec<Vec<Value>>,
    /// The tickets asked for by each request.
    asked: Vec<Vec<String>>,
    authorizations: Vec<String>,
    /// What the service says of a device at once, by its token.
    tickets: HashMap<String, &'static str>,
    /// What it says of it later.
    receipts: HashMap<String, &'static str>,
    /// Devices of other projects than most.
    projects: HashMap<String, &'static str>,
    /// The token of each ticket.
    given: HashMap<String, String>,
    are_receipts_ready: bool,
}

/// The service.
#[derive(Clone)]
pub struct Expo {
    url: String,
    kept: Arc<Mutex<Kept>>,
}

impl Expo {
    pub async fn start() -> Self {
        let kept = Arc::new(Mutex::new(Kept {
            are_receipts_ready: true,
            ..Kept::default()
        }));
        let router = Router::new()
            .route("/--/api/v2/push/send", post(send))
            .route("/--/api/v2/push/getReceipts", post(receipts))
            .with_state(Arc::clone(&kept));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("has an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, kept }
    }

    /// An instance that pushes through this service.
    pub async fn app(&self, settings: &[(&str, &str)]) -> TestApp {
        let own = [
            ("PUSH_ENABLED", "true"),
            ("EXPO_PUSH_URL", self.url.as_str()),
            ("EXPO_PUSH_TIMEOUT_SECONDS", "2"),
        ];
        let all: Vec<(&str, &str)> = own.into_iter().chain(settings.iter().copied()).collect();
        start_with(&all).await
    }

    pub fn be(&self, mood: Mood) {
        self.kept.lock().mood = mood;
    }

    /// Says this of a device, at once.
    pub fn refuse(&self, token: &str, code: &'static str) {
        self.kept.lock().tickets.insert(token.to_owned(), code);
    }

    /// Takes messages for the device again.
    pub fn oblige(&self, token: &str) {
        self.kept.lock().tickets.remove(token);
    }

    /// Says this of a device in its receipts.
    pub fn report(&self, token: &str, code: &'static str) {
        self.kept.lock().receipts.insert(token.to_owned(), code);
    }

    /// Lets a device belong to another project.
    pub fn assign(&self, token: &str, project: &'static str) {
        self.kept.lock().projects.insert(token.to_owned(), project);
    }

    pub fn have_receipts_ready(&self, are_ready: bool) {
        self.kept.lock().are_receipts_ready = are_ready;
    }

    /// How many messages each request had.
    pub fn requests(&self) -> Vec<usize> {
        self.kept.lock().requests.iter().map(Vec::len).collect()
    }

    /// How many tickets each request for receipts had.
    pub fn asked(&self) -> Vec<usize> {
        self.kept.lock().asked.iter().map(Vec::len).collect()
    }

    /// All messages that were sent.
    pub fn messages(&self) -> Vec<Value> {
        self.kept.lock().requests.concat()
    }

    /// Those to a device.
    pub fn messages_to(&self, token: &str) -> Vec<Value> {
        let mut messages = self.messages();
        messages.retain(|message| message["to"] == token);
        messages
    }

    pub fn authorizations(&self) -> Vec<String> {
        self.kept.lock().authorizations.clone()
    }
}

fn refusal(code: &str, details: &Value) -> Response {
    let error = json!({ "code": code, "message": "No.", "details": details });
    (StatusCode::BAD_REQUEST, Json(json!({ "errors": [error] }))).into_response()
}

/// What a service in this mood answers to anything.
async fn in_mood(mood: Mood) -> Option<Response> {
    let errors = |code: &str| Json(json!({ "errors": [{ "code": code, "message": "No." }] }));
    Some(match mood {
        Mood::Well => return None,
        Mood::Busy => (StatusCode::TOO_MANY_REQUESTS, errors("TOO_MANY_REQUESTS")).into_response(),
        Mood::Down => (StatusCode::BAD_GATEWAY, "<html>").into_response(),
        Mood::Refusing => (StatusCode::BAD_REQUEST, errors("VALIDATION_ERROR")).into_response(),
        Mood::Garbled => (StatusCode::OK, "{\"data\": [1, 2").into_response(),
        Mood::Silent => {
            tokio::time::sleep(std::time::Duration::from_mins(10)).await;
            StatusCode::OK.into_response()
        }
    })
}

async fn send(
    State(kept): State<Arc<Mutex<Kept>>>,
    headers: HeaderMap,
    Json(messages): Json<Vec<Value>>,
) -> Response {
    let mood = {
        let mut kept = kept.lock();
        kept.requests.push(messages.clone());
        let authorization = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        kept.authorizations.push(authorization.unwrap_or("").to_owned());
        kept.mood
    };
    if let Some(answer) = in_mood(mood).await {
        return answer;
    }
    if messages.len() > 100 {
        return refusal("PUSH_TOO_MANY_NOTIFICATIONS", &json!({}));
    }
    let mut kept = kept.lock();
    let mut projects: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for message in &messages {
        let token = message["to"].as_str().unwrap_or_default();
        let project = kept.projects.get(token).copied().unwrap_or("@selflink/app");
        projects.entry(project).or_default().push(token);
    }
    if projects.len() > 1 {
        return refusal("PUSH_TOO_MANY_EXPERIENCE_IDS", &json!(projects));
    }
    let mut tickets = Vec::new();
    for message in &messages {
        let token = message["to"].as_str().unwrap_or_default();
        tickets.push(match kept.tickets.get(token).copied() {
            Some(code) => json!({ "status": "error", "message": token, "details": { "error": code } }),
            None => {
                let id = format!("ticket-{}", kept.given.len());
                kept.given.insert(id.clone(), token.to_owned());
                json!({ "status": "ok", "id": id })
            }
        });
    }
    Json(json!({ "data": tickets })).into_response()
}

async fn receipts(State(kept): State<Arc<Mutex<Kept>>>, Json(body): Json<Value>) -> Response {
    let ids: Vec<String> = serde_json::from_value(body["ids"].clone()).unwrap_or_default();
    let mood = {
        let mut kept = kept.lock();
        kept.asked.push(ids.clone());
        kept.mood
    };
    if let Some(answer) = in_mood(mood).await {
        return answer;
    }
    if ids.len() > 1000 {
        return refusal("PUSH_TOO_MANY_RECEIPTS", &json!({}));
    }
    let kept = kept.lock();
    let mut found = Map::new();
    for id in ids.iter().filter(|_| kept.are_receipts_ready) {
        let Some(token) = kept.given.get(id) else { continue };
        let receipt = match kept.receipts.get(token) {
            Some(code) => json!({ "status": "error", "message": token, "details": { "error": code } }),
            None => json!({ "status": "ok" }),
        };
        found.insert(id.clone(), receipt);
    }
    Json(json!({ "data": found })).into_response()
}

/// Registers a device of somebody; its token.
pub async fn device(user: &TestUser, name: &str) -> String {
    let token = format!("ExponentPushToken[{name}]");
    let body = json!({ "device_type": "ios", "push_token": token });
    user.client.post("devices/", &body).await.expect(201);
    token
}
