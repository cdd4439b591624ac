//! Search of people and posts: by the database of the run, and by OpenSearch before it.

mod fake;
mod matrix;
mod outages;
mod pages;
mod rebuild;
mod remote;
mod texts;
mod trouble;

use platform::testing::{Answer, Client, TestApp};
use reqwest::Url;
use serde_json::{Value, json};

use self::fake::FakeOpenSearch;
use crate::support::{TestUser, eventually, field, start, value};

/// An instance, with the OpenSearch that it asks first, if it asks one.
struct Searched {
    app: TestApp,
    remote: Option<FakeOpenSearch>,
}

impl Searched {
    /// One instance for each engine that can run here.
    async fn all() -> [Self; 2] {
        let remote = FakeOpenSearch::start().await;
        [
            Self {
                app: start().await,
                remote: None,
            },
            Self {
                app: remote.app().await,
                remote: Some(remote),
            },
        ]
    }

    /// Waits until OpenSearch has heard of everything that was done.
    async fn settle(&self) {
        if self.remote.is_some() {
            rests(&self.app).await;
        }
    }

    fn name(&self) -> &'static str {
        if self.remote.is_some() {
            "OpenSearch"
        } else {
            "the database"
        }
    }
}

/// Waits until nothing is left to do: neither events nor jobs, and the schedules have caught up after the start.
async fn rests(app: &TestApp) {
    let schedules: usize = selflink::domains()
        .iter()
        .map(|domain| domain.schedules.len())
        .sum();
    eventually("the end of all work", async || {
        let waiting = value::<i64>(app, "SELECT count(*) FROM outbox").await;
        let jobs = app.app.jobs().counts().await.expect("can be counted");
        let is_done = jobs.done >= schedules as u64 && jobs.pending + jobs.running == 0;
        (waiting == 0 && is_done).then_some(())
    })
    .await;
}

/// A path with a query.
fn path(what: &str, parameters: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("http://x/", parameters).expect("is a URL");
    format!("search/{what}/?{}", url.query().unwrap_or(""))
}

async fn search(client: &Client, what: &str, parameters: &[(&str, &str)]) -> Answer {
    client.get(&path(what, parameters)).await
}

/// The ids of an answer.
async fn found(client: &Client, what: &str, text: &str) -> Vec<i64> {
    ids(&search(client, what, &[("q", text)]).await.expect(200))
}

fn ids(list: &Value) -> Vec<i64> {
    field(list, "id").iter().filter_map(|id| id.as_i64()).collect()
}

async fn post(by: &TestUser, text: &str) -> i64 {
    post_for(by, text, "public").await
}

async fn post_for(by: &TestUser, text: &str, visibility: &str) -> i64 {
    let body = json!({ "text": text, "visibility": visibility });
    let made = by.client.post("posts/", &body).await.expect(201);
    made["id"].as_i64().expect("a number")
}

async fn profile(of: &TestUser, change: Value) {
    of.client.patch("users/me/", &change).await.expect(200);
}

async fn tie(by: &TestUser, kind: &str, whom: &TestUser) {
    let path = format!("users/{}/{kind}/", whom.id);
    by.client.call("POST", &path).await.expect(200);
}

/// Waits until a search finds exactly this.
async fn finds(client: &Client, what: &str, text: &str, expected: &[i64]) {
    eventually(&format!("{what} {text:?} finding {expected:?}"), async || {
        (found(client, what, text).await == expected).then_some(())
    })
    .await;
}
