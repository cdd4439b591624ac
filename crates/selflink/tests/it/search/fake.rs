//! OpenSearch, as far as search needs it, on a port of this machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{post, put},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use parking_lot::Mutex;
use platform::testing::TestApp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{eventually, start_with, value};

/// Who may speak to it.
const CREDENTIALS: (&str, &str) = ("searcher", "s3cret-of-the-index");

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Failing,
    Garbled,
    Silent,
    /// Answers searches with other JSON than hits.
    Puzzling,
    /// Finds everything, whoever asks for whatever.
    Careless,
    /// Refuses every search.
    Strict,
}

#[derive(Default)]
struct Index {
    /// By id: version and document; nothing of a document that was deleted.
    documents: BTreeMap<i64, (i64, Option<Value>)>,
    mapping: Value,
}

struct Store {
    mood: Mood,
    indexes: BTreeMap<String, Index>,
    /// Bodies of searches.
    searches: Vec<Value>,
    /// Paths of all requests.
    requests: Vec<String>,
    strangers: usize,
}

#[derive(Clone)]
pub struct FakeOpenSearch {
    port: u16,
    store: Arc<Mutex<Store>>,
}

impl FakeOpenSearch {
    pub async fn start() -> Self {
        let store = Arc::new(Mutex::new(Store {
            mood: Mood::Well,
            indexes: BTreeMap::new(),
            searches: Vec::new(),
            requests: Vec::new(),
            strangers: 0,
        }));
        let router = Router::new()
            .route("/_bulk", post(bulk))
            .route("/{index}", put(make))
            .route("/{index}/_search", post(search))
            .route("/{index}/_delete_by_query", post(delete_by_query))
            .with_state(Arc::clone(&store));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("has an address").port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, store }
    }

    /// The settings of an instance that asks it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("OPENSEARCH_HOST", "127.0.0.1".to_owned()),
            ("OPENSEARCH_PORT", self.port.to_string()),
            ("OPENSEARCH_USERNAME", CREDENTIALS.0.to_owned()),
            ("OPENSEARCH_PASSWORD", CREDENTIALS.1.to_owned()),
            ("OPENSEARCH_TIMEOUT_MILLIS", "400".to_owned()),
        ]
    }

    /// An instance that asks it.
    pub async fn app(&self) -> TestApp {
        let settings = self.settings();
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        start_with(&settings).await
    }

    pub fn be(&self, mood: Mood) {
        self.store.lock().mood = mood;
    }

    /// Loses everything, as a new server has nothing.
    pub fn lose_everything(&self) {
        self.store.lock().indexes.clear();
    }

    pub fn requests(&self) -> usize {
        self.store.lock().requests.len()
    }

    pub fn strangers(&self) -> usize {
        self.store.lock().strangers
    }

    pub fn searches(&self) -> Vec<Value> {
        self.store.lock().searches.clone()
    }

    pub fn mapping(&self, what: &str) -> Value {
        let store = self.store.lock();
        store.indexes[&index_of(what)].mapping.clone()
    }

    pub fn document(&self, what: &str, id: i64) -> Option<Value> {
        let store = self.store.lock();
        store.indexes.get(&index_of(what))?.documents.get(&id)?.1.clone()
    }

    pub fn ids(&self, what: &str) -> BTreeSet<i64> {
        let store = self.store.lock();
        let Some(index) = store.indexes.get(&index_of(what)) else {
            return BTreeSet::new();
        };
        let there = index
            .documents
            .iter()
            .filter(|(_, (_, document))| document.is_some());
        there.map(|(id, _)| *id).collect()
    }

    /// Puts a document there, whatever the database says.
    pub fn put(&self, what: &str, id: i64, document: Value) {
        let mut store = self.store.lock();
        let index = store.indexes.get_mut(&index_of(what)).expect("is made");
        index.documents.insert(id, (i64::MAX, Some(document)));
    }

    /// Waits until it has as many documents as the table has rows.
    pub async fn catches_up(&self, app: &TestApp, what: &str, table: &str) {
        let count = format!("SELECT count(*) FROM {table}");
        eventually("OpenSearch catching up", async || {
            let rows = value::<i64>(app, &count).await;
            (i64::try_from(self.ids(what).len()) == Ok(rows)).then_some(())
        })
        .await;
    }
}

fn index_of(what: &str) -> String {
    format!("{what}_v1")
}

/// What every request meets first; `Err` is the answer to it.
async fn enter(store: &Mutex<Store>, headers: &HeaderMap, path: &str) -> Result<(), Response> {
    let mood = {
        let mut store = store.lock();
        store.requests.push(path.to_owned());
        let expected = BASE64_STANDARD.encode(format!("{}:{}", CREDENTIALS.0, CREDENTIALS.1));
        let sent = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        if sent != Some(format!("Basic {expected}").as_str()) {
            store.strangers += 1;
            return Err(StatusCode::UNAUTHORIZED.into_response());
        }
        store.mood
    };
    match mood {
        Mood::Failing => Err((StatusCode::SERVICE_UNAVAILABLE, "no master").into_response()),
        Mood::Garbled => Err("<html>It works!</html>".into_response()),
        Mood::Silent => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            Err(StatusCode::OK.into_response())
        }
        Mood::Well | Mood::Puzzling | Mood::Careless | Mood::Strict => Ok(()),
    }
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

fn refusal(status: StatusCode, kind: &str) -> Response {
    json_answer(
        status,
        &json!({ "error": { "type": kind }, "status": status.as_u16() }),
    )
}

async fn make(
    State(store): State<Arc<Mutex<Store>>>,
    headers: HeaderMap,
    Path(name): Path<String>,
    body: String,
) -> Response {
    if let Err(answer) = enter(&store, &headers, &name).await {
        return answer;
    }
    let mut store = store.lock();
    if store.indexes.contains_key(&name) {
        return refusal(StatusCode::BAD_REQUEST, "resource_already_exists_exception");
    }
    let mapping = serde_json::from_str(&body).expect("is JSON");
    let index = Index {
        mapping,
        ..Index::default()
    };
    store.indexes.insert(name, index);
    json_answer(StatusCode::OK, &json!({ "acknowledged": true }))
}

async fn bulk(State(store): State<Arc<Mutex<Store>>>, headers: HeaderMap, body: String) -> Response {
    if let Err(answer) = enter(&store, &headers, "_bulk").await {
        return answer;
    }
    let mut store = store.lock();
    let mut lines = body
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let mut items = Vec::new();
    while let Some(action) = lines.next() {
        let (name, target) = action
            .as_object()
            .and_then(|action| action.iter().next())
            .expect("an action");
        let document = (name == "index").then(|| lines.next().expect("a document follows"));
        let id: i64 = target["_id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .expect("an id");
        assert_eq!(target["version_type"], "external_gte");
        let version = target["version"].as_i64().expect("a version");
        let index = target["_index"].as_str().expect("an index");
        let Some(index) = store.indexes.get_mut(index) else {
            items.push(json!({ name: { "status": 404, "error": { "type": "index_not_found_exception" } } }));
            continue;
        };
        let is_late = index
            .documents
            .get(&id)
            .is_some_and(|(known, _)| *known > version);
        let status = if is_late { 409 } else { 200 };
        if !is_late {
            index.documents.insert(id, (version, document));
        }
        items.push(json!({ name: { "_id": id.to_string(), "status": status } }));
    }
    json_answer(StatusCode::OK, &json!({ "errors": false, "items": items }))
}

async fn delete_by_query(
    State(store): State<Arc<Mutex<Store>>>,
    headers: HeaderMap,
    Path(name): Path<String>,
    body: String,
) -> Response {
    if let Err(answer) = enter(&store, &headers, "_delete_by_query").await {
        return answer;
    }
    let body: Value = serde_json::from_str(&body).expect("is JSON");
    let author = &body["query"]["term"]["author_id"];
    let mut store = store.lock();
    let index = store.indexes.get_mut(&name).expect("is made");
    for (_, document) in index.documents.values_mut() {
        if document
            .as_ref()
            .is_some_and(|document| document["author_id"] == *author)
        {
            *document = None;
        }
    }
    json_answer(StatusCode::OK, &json!({ "deleted": 0 }))
}

async fn search(
    State(store): State<Arc<Mutex<Store>>>,
    headers: HeaderMap,
    Path(name): Path<String>,
    body: String,
) -> Response {
    if let Err(answer) = enter(&store, &headers, &format!("{name}/_search")).await {
        return answer;
    }
    let body: Value = serde_json::from_str(&body).expect("is JSON");
    let mut store = store.lock();
    store.searches.push(body.clone());
    match store.mood {
        Mood::Puzzling => return json_answer(StatusCode::OK, &json!({ "hits": "many" })),
        Mood::Strict => return refusal(StatusCode::BAD_REQUEST, "too_many_clauses"),
        _ => {}
    }
    let Some(index) = store.indexes.get(&name) else {
        return refusal(StatusCode::NOT_FOUND, "index_not_found_exception");
    };
    let is_careless = store.mood == Mood::Careless;
    let documents = index
        .documents
        .iter()
        .filter_map(|(id, (_, document))| Some((*id, document.as_ref()?)));
    let mut hits: Vec<i64> = documents
        .filter(|(_, document)| is_careless || is_hit(document, &body["query"]["bool"]))
        .map(|(id, _)| id)
        .collect();
    // Ids are in the order of time.
    let last = body["sort"].as_array().and_then(|sort| sort.last());
    if last.is_none_or(|sort| sort["id"]["order"] == "desc") {
        hits.reverse();
    }
    let number = |name: &str| {
        let number = body[name].as_u64().expect("a number");
        usize::try_from(number).expect("is small")
    };
    let hits: Vec<Value> = hits
        .into_iter()
        .skip(number("from"))
        .take(number("size"))
        .map(|id| json!({ "_index": name, "_id": id.to_string() }))
        .collect();
    json_answer(
        StatusCode::OK,
        &json!({ "timed_out": false, "_shards": { "failed": 0 }, "hits": { "hits": hits } }),
    )
}

fn is_hit(document: &Value, query: &Value) -> bool {
    let wanted = &query["must"][0];
    let is_meant = if let Some(multi) = wanted.get("multi_match") {
        let words = words_of(&multi["query"]);
        let fields = [&document["name"], &document["bio"]];
        fields
            .into_iter()
            .any(|field| words.iter().any(|word| words_of(field).contains(word)))
            || document["handle"] == multi["query"]
    } else {
        let words = words_of(&wanted["match"]["text"]["query"]);
        let text = words_of(&document["text"]);
        !words.is_empty() && words.is_subset(&text)
    };
    let filters = query["filter"].as_array().expect("filters");
    is_meant && filters.iter().all(|filter| passes(document, filter))
}

fn passes(document: &Value, filter: &Value) -> bool {
    if let Some(range) = filter.get("range") {
        let id = document["id"].as_i64().expect("an id");
        let below = range["id"]["lt"].as_i64().is_none_or(|bound| id < bound);
        return below && range["id"]["gt"].as_i64().is_none_or(|bound| id > bound);
    }
    let should = filter["bool"]["should"].as_array().expect("alternatives");
    should.iter().any(|one| match one.get("terms") {
        Some(terms) => terms["visibility"]
            .as_array()
            .is_some_and(|words| words.contains(&document["visibility"])),
        None => document["author_id"] == one["term"]["author_id"],
    })
}

fn words_of(text: &Value) -> BTreeSet<String> {
    let text = text.as_str().unwrap_or("").to_lowercase();
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
