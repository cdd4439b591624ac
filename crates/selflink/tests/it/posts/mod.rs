//! Posts, comments, and what hangs on them.

mod bookmarks;
mod comments;
mod events;
pub mod files;
mod hashtags;
mod leaving;
mod likes;
mod lists;
mod moderation;
mod races;
mod reposts;
mod statements;
mod visibility;
mod writing;

use platform::testing::Answer;
use serde_json::{Value, json};

use crate::support::TestUser;

/// Makes a public post.
pub async fn post(author: &TestUser, text: &str) -> Value {
    post_for(author, text, "public").await
}

/// Makes a post for these eyes.
pub async fn post_for(author: &TestUser, text: &str, visibility: &str) -> Value {
    let body = json!({ "text": text, "visibility": visibility });
    author.client.post("posts/", &body).await.expect(201)
}

/// Comments on a post.
pub async fn comment(author: &TestUser, post: &Value, text: &str) -> Value {
    let body = json!({ "post": post["id"], "text": text });
    author.client.post("comments/", &body).await.expect(201)
}

/// Replies to a comment.
pub async fn reply(author: &TestUser, parent: &Value, text: &str) -> Value {
    let body = json!({ "post": parent["post"], "parent": parent["id"], "text": text });
    author.client.post("comments/", &body).await.expect(201)
}

/// The path of a post, and of what is below it.
pub fn of_post(post: &Value, rest: &str) -> String {
    format!("posts/{}/{rest}", post["id"])
}

/// The same for a comment.
pub fn of_comment(comment: &Value, rest: &str) -> String {
    format!("comments/{}/{rest}", comment["id"])
}

/// A post as somebody sees it.
async fn read(viewer: &TestUser, post: &Value) -> Value {
    viewer.client.get(&of_post(post, "")).await.expect(200)
}

/// Follows somebody.
async fn follow(follower: &TestUser, followee: &TestUser) {
    let path = format!("users/{}/follow/", followee.id);
    follower.client.call("POST", &path).await.expect(200);
}

/// Blocks somebody.
async fn block(one: &TestUser, other: &TestUser) {
    let path = format!("users/{}/block/", other.id);
    one.client.call("POST", &path).await.expect(200);
}

async fn put(user: &TestUser, path: &str, body: &Value) -> Answer {
    user.client
        .send("PUT", path, "application/json", body.to_string())
        .await
}

async fn posts_count(user: &TestUser) -> Value {
    user.client.get("users/me/").await.expect(200)["posts_count"].clone()
}

fn ids(page: &Value) -> Vec<i64> {
    let results = page["results"].as_array().expect("is a page");
    results
        .iter()
        .map(|item| item["id"].as_i64().expect("has an id"))
        .collect()
}

fn id(thing: &Value) -> i64 {
    thing["id"].as_i64().expect("has an id")
}
