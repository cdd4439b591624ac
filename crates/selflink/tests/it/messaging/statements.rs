//! What lists cost, however long they are.

use serde_json::json;

use super::{group, of_thread, send, start_unlimited};
use crate::{
    cli::Listening,
    support::{execute, user},
    users::statements::sent,
};

#[tokio::test]
async fn a_list_costs_the_same_however_long_its_page() {
    let app = start_unlimited().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let thread = group(&ann, &[&bob]).await;
    let first = send(&bob, &thread, "x").await;
    let path = format!("messages/{}/reactions/", first["id"]);
    ann.client.post(&path, &json!({ "emoji": "x" })).await.expect(200);
    for number in 1..=120 {
        let (thread, user) = (&thread["id"], bob.id);
        for statement in [
            format!(
                "INSERT INTO messages (id, thread_id, sender_id, reply_to_id, body, created_at, updated_at) \
                 SELECT {number}, {thread}, {user}, id, 'x', created_at, updated_at FROM messages WHERE id = {}",
                first["id"]
            ),
            format!(
                "INSERT INTO threads (id, created_at, updated_at) SELECT {number}, created_at, updated_at \
                 FROM threads WHERE id = {thread}"
            ),
            format!(
                "INSERT INTO thread_members (id, thread_id, user_id, created_at, updated_at) \
                 SELECT 2 * {number} + CASE WHEN user_id = {user} THEN 1 ELSE 0 END, {number}, user_id, created_at, updated_at \
                 FROM thread_members WHERE thread_id = {thread}"
            ),
        ] {
            execute(&app, &statement).await;
        }
    }
    let token = ann.client.token.clone().expect("is signed in");
    let program = Listening::start(&app.database(), &["api"]).await;
    let client = program.client().with_token(&token);
    for (route, path, most) in [
        ("/api/v1/threads/", "threads/?".to_owned(), 6),
        ("/api/v1/threads/", "threads/?search=name&".to_owned(), 7),
        (
            "/api/v1/messages/",
            format!("messages/?thread={}&", thread["id"]),
            8,
        ),
        ("/api/v1/messages/", "messages/?".to_owned(), 7),
    ] {
        let mut costs = Vec::new();
        for size in [1, 10, 100] {
            let before = sent(&client, route).await;
            let page = client.get(&format!("{path}page_size={size}")).await.expect(200);
            assert_eq!(page["results"].as_array().map(Vec::len), Some(size), "{path}");
            costs.push(sent(&client, route).await - before);
        }
        assert!(
            costs.iter().all(|cost| (3..=most).contains(cost)),
            "{path}: {costs:?}"
        );
        assert_eq!(costs[1], costs[2], "{path}: {costs:?}");
    }
    let route = "/api/v1/threads/{id}/sync/";
    let before = sent(&client, route).await;
    let all = client.get(&of_thread(&thread, "sync/")).await.expect(200);
    assert_eq!(all["messages"].as_array().map(Vec::len), Some(121));
    assert!(sent(&client, route).await - before <= 8);
    app.stop().await;
}
