//! The lists of threads and messages, and catching up.

use serde_json::{Value, json};

use super::{direct, group, history, id, of_thread, pair, send, start_unlimited};
use crate::support::{TestUser, start, user, user_called};

async fn ids(viewer: &TestUser, path: &str) -> Vec<i64> {
    let list = viewer.client.get(path).await.expect(200);
    let items = list
        .get("results")
        .unwrap_or(&list)
        .as_array()
        .expect("is a list");
    items.iter().map(id).collect()
}

/// All items of a list in pages.
async fn walk(viewer: &TestUser, path: &str) -> (Vec<i64>, usize) {
    let (mut found, mut pages, mut next) = (Vec::new(), 0, json!(path));
    while let Some(path) = next.as_str() {
        let page = viewer.client.get(path).await.expect(200);
        found.extend(page["results"].as_array().expect("is a list").iter().map(id));
        pages += 1;
        next = page["next"].clone();
    }
    (found, pages)
}

#[tokio::test]
async fn threads_are_an_array_or_pages() {
    let app = start_unlimited().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let (first, second) = (direct(&ann, &bob).await, direct(&ann, &carol).await);
    send(&bob, &first, "bump").await;
    let (first, second) = (id(&first), id(&second));
    for (ordering, expected) in [
        ("", [first, second]),
        ("-updated_at", [first, second]),
        ("updated_at", [second, first]),
        ("created_at", [first, second]),
        ("-created_at", [second, first]),
        ("bogus", [first, second]),
    ] {
        assert_eq!(
            ids(&ann, &format!("threads/?ordering={ordering}")).await,
            expected,
            "{ordering}"
        );
        assert_eq!(
            ids(&ann, &format!("threads/?page_size=5&ordering={ordering}")).await,
            expected,
            "{ordering}"
        );
    }
    assert_eq!(ids(&bob, "messaging/threads/").await, [first]);
    for _ in 0..5 {
        group(&ann, &[&bob]).await;
    }
    let (found, pages) = walk(&ann, "messaging/threads/?page_size=3").await;
    assert_eq!((found, pages), (ids(&ann, "threads/").await, 3));
    let page = ann.client.get("messaging/threads/?page_size=3").await.expect(200);
    let next = page["next"].as_str().expect("is a link");
    assert!(next.contains("/api/v1/messaging/threads/?"), "{next}");
    ann.client.get("threads/?cursor=zzz").await.expect(404);
    app.stop().await;
}

#[tokio::test]
async fn threads_are_found_by_all_words_of_a_search() {
    let app = start().await;
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "zebulon").await);
    let carol = user_called(&app, "carol").await;
    let (one, two) = (direct(&ann, &bob).await, group(&ann, &[&carol, &bob]).await);
    let change = json!({ "title": "Über Straßen" });
    ann.client.patch(&of_thread(&two, ""), &change).await.expect(200);
    let (one, two) = (id(&one), id(&two));
    for (search, expected) in [
        ("ÜBER", vec![two]),
        ("carol", vec![two]),
        ("Name ZEBULON", vec![two, one]),
        ("stra%C3%9F%2C zebulon", vec![two]),
        ("ann", vec![two, one]),
        ("nothing zebulon", vec![]),
        (" , ", vec![two, one]),
    ] {
        assert_eq!(
            ids(&ann, &format!("threads/?search={search}")).await,
            expected,
            "{search}"
        );
        assert_eq!(
            ids(&ann, &format!("threads/?page_size=9&search={search}")).await,
            expected,
            "{search}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn walking_through_messages_is_not_disturbed_by_new_ones() {
    let app = start_unlimited().await;
    let (ann, bob, thread) = pair(&app).await;
    let mut sent = Vec::new();
    for _ in 0..9 {
        sent.push(id(&send(&ann, &thread, "x").await));
    }
    sent.reverse();
    let path = format!("messages/?thread={}", thread["id"]);
    for (size, expected) in [(1, 9), (4, 3), (9, 1), (100, 1)] {
        assert_eq!(
            walk(&bob, &format!("{path}&page_size={size}")).await,
            (sent.clone(), expected)
        );
    }
    let (mut found, mut next) = (Vec::new(), json!(format!("{path}&page_size=4")));
    while let Some(path) = next.as_str() {
        let page = bob.client.get(path).await.expect(200);
        found.extend(page["results"].as_array().expect("is a list").iter().map(id));
        send(&ann, &thread, "new").await;
        next = page["next"].clone();
    }
    assert_eq!(found, sent);
    let carol = user(&app).await;
    for path in [
        path.as_str(),
        "messages/?thread=999",
        "messages/?thread=-1",
        "messages/",
    ] {
        assert_eq!(ids(&carol, path).await, Vec::<i64>::new(), "{path}");
    }
    carol.client.get("messages/?thread=abc").await.expect(400);
    let elsewhere = id(&send(&bob, &direct(&bob, &carol).await, "x").await);
    assert_eq!(ids(&carol, "messages/?thread=").await, [elsewhere]);
    assert_eq!(walk(&bob, "messages/?page_size=5").await.0.len(), 13);
    let oldest: Vec<i64> = ids(&bob, "messages/?ordering=id&page_size=1").await;
    assert_eq!(Some(&oldest[0]), sent.last());
    app.stop().await;
}

#[tokio::test]
async fn clients_catch_up_from_wherever_they_were() {
    let app = start_unlimited().await;
    let (ann, bob, thread) = pair(&app).await;
    for number in 0..4 {
        send(&ann, &thread, &number.to_string()).await;
    }
    let all = history(&bob, &thread).await;
    let time = |message: &Value| message["created_at"].as_str().expect("is a text").to_owned();
    let second = time(&all[1]);
    for (since, count) in [
        (id(&all[1]).to_string(), 2),
        (id(&all[3]).to_string(), 0),
        ("9".repeat(25), 0),
        ("0".to_owned(), 4),
        ("-5".to_owned(), 4),
        ("garbage".to_owned(), 4),
        (String::new(), 4),
        (second.clone(), 2),
        (second.trim_end_matches('Z').to_owned(), 2),
        (second.replace('Z', "+00:00"), 2),
        (second.replace('Z', "%2B00:00"), 2),
        ("2026-01-01".to_owned(), 4),
        ("2999-01-01".to_owned(), 0),
    ] {
        let page = bob
            .client
            .get(&of_thread(&thread, &format!("sync/?since={since}")))
            .await
            .expect(200);
        let found = page["results"].as_array().expect("is a list").as_slice();
        assert_eq!(found, &all[4 - count..], "{since}");
    }
    app.stop().await;
}
