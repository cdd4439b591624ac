//! What a list costs, however long it is.

use platform::testing::{Client, TestApp};
use serde_json::json;

use super::crowd::crowd;
use crate::{
    cli::Listening,
    support::{execute, start, user},
};

/// How many statements requests of a route have sent to the database so far.
pub async fn sent(client: &Client, route: &str) -> u64 {
    let metrics = client.get("/metrics").await.text;
    let name = format!("selflink_http_request_statements_sum{{route=\"{route}\"}} ");
    metrics
        .lines()
        .find_map(|line| line.strip_prefix(&name)?.parse().ok())
        .unwrap_or(0)
}

/// Users with followers, as lists show them.
async fn populate(app: &TestApp) -> (i64, Client) {
    let ann = user(app).await;
    crowd(app, &ann, 120).await;
    let follows = "INSERT INTO follows (follower_id, followee_id, created_at) SELECT u.id, a.id, u.created_at FROM users u, users a";
    execute(
        app,
        &format!("{follows} WHERE a.id = {0} AND u.id <> {0}", ann.id),
    )
    .await;
    execute(
        app,
        &format!("{follows} WHERE u.id = {0} AND a.id <> {0}", ann.id),
    )
    .await;
    let mutes = "INSERT INTO mutes (user_id, target_id, created_at) SELECT a.id, u.id, u.created_at FROM users u, users a";
    execute(app, &format!("{mutes} WHERE a.id = {0} AND u.id <> {0}", ann.id)).await;
    (ann.id, ann.client)
}

#[tokio::test]
async fn a_list_costs_the_same_however_long_its_page() {
    let app = start().await;
    let (id, ann) = populate(&app).await;
    let token = ann.token.clone().expect("is signed in");
    // A process of its own: metrics are counted by process, and other tests run in this one.
    let program = Listening::start(&app.database(), &["api"]).await;
    let client = program.client().with_token(&token);
    for (route, path, most) in [
        ("/api/v1/users/", "users/?".to_owned(), 2),
        (
            "/api/v1/users/",
            "users/?search=twin&ordering=name&".to_owned(),
            2,
        ),
        (
            "/api/v1/users/{id}/followers/",
            format!("users/{id}/followers/?"),
            3,
        ),
        (
            "/api/v1/users/{id}/following/",
            format!("users/{id}/following/?"),
            3,
        ),
        ("/api/v1/me/mutes/", "me/mutes/?".to_owned(), 2),
    ] {
        let mut costs = Vec::new();
        for size in [1, 10, 100] {
            let before = sent(&client, route).await;
            let page = client.get(&format!("{path}page_size={size}")).await.expect(200);
            assert_eq!(page["results"].as_array().map(Vec::len), Some(size), "{path}");
            costs.push(sent(&client, route).await - before);
        }
        assert_eq!(costs[0], costs[2], "{path}: {costs:?}");
        assert!(
            (1..=most).contains(&costs[1]) && costs[0] == costs[1],
            "{path}: {costs:?}"
        );
    }
    let before = sent(&client, "/api/v1/users/me/").await;
    client
        .patch("users/me/", &json!({ "bio": "x" }))
        .await
        .expect(200);
    assert!(
        sent(&client, "/api/v1/users/me/").await > before,
        "transactions are counted too"
    );
    app.stop().await;
}
