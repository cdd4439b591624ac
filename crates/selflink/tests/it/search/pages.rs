//! Arrays, pages, and what they cost.

use platform::testing::TestApp;
use serde_json::Value;

use super::{Searched, found, ids, path, post, search};
use crate::{
    cli::{Listening, run},
    support::{TestUser, execute, start, user},
    users::{
        crowd::{crowd, walk},
        statements::sent,
    },
};

async fn many(app: &TestApp, count: i64) -> (TestUser, Vec<i64>) {
    let ann = user(app).await;
    let (mut made, mut author) = (Vec::new(), None);
    for n in 0..count {
        // Nobody may make more than thirty in a minute.
        if n % 30 == 0 {
            author = Some(user(app).await);
        }
        let author = author.as_ref().unwrap_or(&ann);
        made.push(post(author, &format!("marble number {n}")).await);
    }
    made.reverse();
    (ann, made)
}

#[tokio::test]
async fn arrays_are_newest_first_and_limited() {
    for searched in Searched::all().await {
        let (ann, made) = many(&searched.app, 52).await;
        searched.settle().await;
        for (limit, expected) in [
            ("3", 3),
            ("0", 0),
            ("-5", 0),
            ("x", 20),
            ("", 20),
            ("50", 50),
            ("100000", 50),
            ("99999999999999999999999", 20),
        ] {
            let listed = search(&ann.client, "posts", &[("q", "marble"), ("limit", limit)]).await;
            assert_eq!(
                ids(&listed.expect(200)),
                made[..expected],
                "{limit:?} by {}",
                searched.name()
            );
        }
        assert_eq!(found(&ann.client, "posts", "marble").await, made[..20]);
        searched.app.stop().await;
    }
}

#[tokio::test]
async fn pages_hold_every_hit_once() {
    for searched in Searched::all().await {
        let (ann, made) = many(&searched.app, 23).await;
        searched.settle().await;
        let first = path("posts", &[("q", "Marble"), ("page_size", "5")]);
        let mut seen = Vec::new();
        // What is written meanwhile does not move the rest.
        let walked = walk(&ann.client, &first, async || {
            seen.push(post(&ann, "marble, later").await);
        });
        assert_eq!(walked.await, made, "{}", searched.name());
        let second = next(&ann.client.get(&first).await.expect(200));
        let second = ann.client.get(&second).await.expect(200);
        let back = second["previous"].as_str().expect("a link").to_owned();
        let back = ann.client.get(&back).await.expect(200);
        assert_eq!(ids(&back).len(), 5);
        assert_eq!(ids(&ann.client.get(&next(&back)).await.expect(200)), ids(&second));
        for wrong in ["x", "bnVsbA"] {
            let wrong = path("posts", &[("q", "marble"), ("cursor", wrong)]);
            ann.client.get(&wrong).await.expect(404);
        }
        let upwards = path(
            "posts",
            &[("q", "marble number"), ("page_size", "4"), ("ordering", "id")],
        );
        let mut ascending = walk(&ann.client, &upwards, async || {}).await;
        ascending.reverse();
        assert_eq!(ascending, made, "{}", searched.name());
        searched.app.stop().await;
    }
}

fn next(page: &Value) -> String {
    page["next"].as_str().expect("a next page").to_owned()
}

/// With rare and with frequent texts, that an index finds and that it does not.
#[tokio::test]
async fn a_search_costs_the_same_however_long_its_page() {
    let app = start().await;
    let (ann, _) = many(&app, 3).await;
    crowd(&app, &ann, 120).await;
    execute(
        &app,
        "INSERT INTO posts (id, author_id, text, visibility, language, created_at, updated_at) \
         SELECT u.id - 500000, u.id, 'a twin was here', 'public', 'en', u.created_at, u.created_at FROM users u \
         WHERE u.name LIKE 'Twin%'",
    )
    .await;
    run(&app.database(), &["reindex-search"]).await.succeeded();
    // A process of its own: metrics are counted by process, and other tests run in this one.
    let program = Listening::start(&app.database(), &["api"]).await;
    let client = program
        .client()
        .with_token(ann.client.token.as_deref().expect("is signed in"));
    for (what, text, most) in [
        ("users", "twin", 5),
        ("users", "tw", 4),
        ("posts", "twin was", 7),
        ("posts", "a", 7),
        ("posts", "marble", 7),
    ] {
        let route = format!("/api/v1/search/{what}/");
        let mut costs = Vec::new();
        for size in ["1", "10", "100"] {
            let before = sent(&client, &route).await;
            let page = client.get(&path(what, &[("q", text), ("page_size", size)])).await;
            assert!(!ids(&page.expect(200)).is_empty(), "{what} {text}");
            costs.push(sent(&client, &route).await - before);
        }
        assert!(
            costs.iter().all(|cost| (1..=most).contains(cost)),
            "{what} {text}: {costs:?}"
        );
    }
    app.stop().await;
}
