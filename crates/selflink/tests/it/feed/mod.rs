//! The feeds.

mod cards;
mod cursors;
mod fan_out;
mod home;
mod kill;
mod leaving;
mod pruning;
mod ranked;
mod rebuilds;
mod statements;
mod walks;

use platform::testing::{Client, TestApp};
use serde_json::{Value, json};

use crate::support::{TestUser, eventually, execute, value};

/// No posts.
const NONE: [i64; 0] = [];

/// Makes a post as people do.
async fn post(author: &TestUser) -> i64 {
    post_seen_by(author, "public").await
}

async fn post_seen_by(author: &TestUser, visibility: &str) -> i64 {
    let body = json!({ "text": "a post", "visibility": visibility });
    let post = author.client.post("posts/", &body).await.expect(201);
    post["id"].as_i64().expect("a number")
}

/// Puts public posts of somebody into the database, as if nobody had been told of them; their ids, the newest last.
async fn seed_posts(app: &TestApp, author: i64, count: usize) -> Vec<i64> {
    let ids: Vec<i64> = (0..count).map(|_| app.app.db().ids().next()).collect();
    let rows: Vec<String> = ids.iter().map(|id| format!("({id})")).collect();
    let text = format!(
        "WITH v (id) AS (VALUES {}) \
         INSERT INTO posts (id, author_id, text, visibility, language, created_at, updated_at) \
         SELECT v.id, u.id, 'seeded', 'public', 'en', u.created_at, u.created_at FROM v, users u WHERE u.id = {author}",
        rows.join(", ")
    );
    execute(app, &text).await;
    ids
}

/// Accounts that nobody signs in to; their ids.
async fn crowd(app: &TestApp, template: &TestUser, count: i64) -> Vec<i64> {
    let ids: Vec<i64> = (0..count).map(|_| app.app.db().ids().next()).collect();
    let rows: Vec<String> = ids.iter().map(|id| format!("({id})")).collect();
    let text = format!(
        "WITH v (id) AS (VALUES {}) \
         INSERT INTO users (id, handle, name, flags, password, search_text, created_at, updated_at) \
         SELECT v.id, 'c' || CAST(v.id AS TEXT), 'Crowd', flags, password, 'crowd', created_at, updated_at \
         FROM v, users u WHERE u.id = {}",
        rows.join(", "),
        template.id
    );
    execute(app, &text).await;
    ids
}

/// Has a crowd follow somebody, as if nobody had been told of it.
async fn followed_by_crowd(app: &TestApp, followee: &TestUser, count: i64) -> Vec<i64> {
    let crowd = crowd(app, followee, count).await;
    let rows: Vec<String> = crowd.iter().map(|id| format!("({id})")).collect();
    let text = format!(
        "WITH v (id) AS (VALUES {}) INSERT INTO follows (follower_id, followee_id, created_at) \
         SELECT v.id, u.id, u.created_at FROM v, users u WHERE u.id = {}",
        rows.join(", "),
        followee.id
    );
    execute(app, &text).await;
    let counted = format!(
        "UPDATE users SET followers_count = (SELECT count(*) FROM follows WHERE followee_id = {0}) WHERE id = {0}",
        followee.id
    );
    execute(app, &counted).await;
    crowd
}

async fn follow(follower: &TestUser, followee: &TestUser) {
    let path = format!("users/{}/follow/", followee.id);
    follower.client.call("POST", &path).await.expect(200);
}

async fn unfollow(follower: &TestUser, followee: &TestUser) {
    let path = format!("users/{}/follow/", followee.id);
    follower.client.delete(&path).await.expect(200);
}

/// Waits until nothing is under way any more: no event, no job.
async fn settled(app: &TestApp) {
    eventually("everything settles", async || {
        let waiting = value::<i64>(app, "SELECT count(*) FROM outbox").await;
        let jobs = app.app.jobs().counts().await.expect("are counted");
        (waiting == 0 && jobs.pending == 0 && jobs.running == 0).then_some(())
    })
    .await;
}

async fn page(client: &Client, path: &str) -> Value {
    client.get(&format!("feed/{path}")).await.expect(200)
}

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().expect("is a list")
}

/// The ids of the posts of a page.
fn ids(page: &Value) -> Vec<i64> {
    let posts = items(page).iter().filter(|item| item["type"] == "post");
    posts
        .map(|item| {
            assert_eq!(item["id"], item["post"]["id"]);
            item["id"].as_i64().expect("a number")
        })
        .collect()
}

/// The ids of the posts of a feed, page by page, with what is done between two pages.
async fn walk_with(client: &Client, path: &str, mut between: impl AsyncFnMut()) -> Vec<i64> {
    let (mut seen, mut next) = (Vec::new(), Some(format!("feed/{path}")));
    while let Some(link) = next {
        let page = client.get(&link).await.expect(200);
        seen.extend(ids(&page));
        next = page["next"].as_str().map(str::to_owned);
        between().await;
        assert!(seen.len() < 5000, "the walk does not end");
    }
    seen
}

async fn walk(client: &Client, path: &str) -> Vec<i64> {
    walk_with(client, path, async || {}).await
}

/// The same ids, the newest first.
fn newest_first(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable_by(|one, other| other.cmp(one));
    ids
}
