//! What lists cost, however long they are.

use serde_json::json;

use super::{comment, of_post, post};
use crate::{
    cli::Listening,
    support::{execute, start, user, value},
    users::statements::sent,
};

#[tokio::test]
async fn a_list_costs_the_same_however_long_its_page() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    // One that has everything which costs a query.
    let original = post(&bob, "an original").await;
    let body = json!({ "text": format!("#tag @{}", bob.handle) });
    let quote = ann
        .client
        .post(&of_post(&original, "repost/"), &body)
        .await
        .expect(201);
    comment(&ann, &quote, &format!("@{}", bob.handle)).await;
    let now = app.app.clock().now().to_rfc3339();
    for statement in [
        format!(
            "INSERT INTO media_assets (id, owner_id, s3_key, mime, meta, created_at, updated_at) \
             VALUES (1, {}, 'k', 'image/png', '{{}}', '{now}', '{now}')",
            ann.id
        ),
        format!(
            "INSERT INTO posts (id, author_id, text, visibility, language, repost_of, created_at, updated_at) \
             SELECT u.id + 1000 + n.n, u.id, '#tag', 'public', 'en', {}, u.created_at, u.created_at FROM users u, \
             (SELECT 1 AS n UNION ALL SELECT 2) n",
            original["id"]
        ),
    ] {
        execute(&app, &statement).await;
    }
    // 102 posts of each of them.
    for step in [2, 4, 8, 16, 32, 64] {
        execute(
            &app,
            &format!(
                "INSERT INTO posts (id, author_id, text, visibility, language, repost_of, created_at, updated_at) \
                 SELECT id + {step}, author_id, text, visibility, language, repost_of, created_at, updated_at \
                 FROM posts WHERE text = '#tag' AND id - author_id - 1000 <= {step}"
            ),
        )
        .await;
    }
    for statement in [
        format!("INSERT INTO comments (id, post_id, author_id, text, created_at, updated_at) \
             SELECT id, {}, author_id, 'x', created_at, created_at FROM posts WHERE text = '#tag'", quote["id"]),
        "INSERT INTO post_hashtags (tag, post_id, created_at) SELECT 'tag', id, created_at FROM posts WHERE text = '#tag'".to_owned(),
        "INSERT INTO post_assets (post_id, position, asset_id) SELECT id, 0, 1 FROM posts".to_owned(),
        format!("INSERT INTO bookmarks (user_id, post_id, created_at) SELECT {}, id, created_at FROM posts", ann.id),
        format!("INSERT INTO post_mentions (post_id, user_id) SELECT id, {} FROM posts WHERE text = '#tag'", bob.id),
    ] {
        execute(&app, &statement).await;
    }
    assert!(value::<i64>(&app, "SELECT count(*) FROM posts").await > 200);
    let token = ann.client.token.clone().expect("is signed in");
    // A process of its own: metrics are counted by process, and other tests run in this one.
    let program = Listening::start(&app.database(), &["api"]).await;
    let client = program.client().with_token(&token);
    for (route, path, most) in [
        ("/api/v1/posts/", "posts/?".to_owned(), 7),
        (
            "/api/v1/posts/",
            format!("posts/?author={}&ordering=-like_count&", bob.id),
            7,
        ),
        ("/api/v1/bookmarks/", "bookmarks/?".to_owned(), 7),
        (
            "/api/v1/hashtags/{tag}/posts/",
            "hashtags/tag/posts/?".to_owned(),
            7,
        ),
        ("/api/v1/comments/", format!("comments/?post={}&", quote["id"]), 6),
        (
            "/api/v1/comments/",
            format!("comments/?post={}&page=2&", quote["id"]),
            6,
        ),
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
    app.stop().await;
}
