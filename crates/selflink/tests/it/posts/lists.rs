//! Lists of posts: orders, pages.

use serde_json::{Value, json};

use super::{comment, id, ids, of_post, post};
use crate::support::{start, user};

#[tokio::test]
async fn posts_are_listed_in_every_order_and_whole() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut made = Vec::new();
    for (text, visibility, language) in [
        ("bee", "public", "ka"),
        ("ant", "private", "en"),
        ("cat", "followers", "de"),
        ("ant", "public", "en"),
    ] {
        let body = json!({ "text": text, "visibility": visibility, "language": language });
        made.push(ann.client.post("posts/", &body).await.expect(201));
    }
    for _ in 0..2 {
        comment(&ann, &made[0], "x").await;
    }
    comment(&ann, &made[2], "x").await;
    bob.client
        .call("POST", &of_post(&made[3], "like/"))
        .await
        .expect(200);
    let numbers = |page: &Value| {
        let position = |wanted: i64| made.iter().position(|post| id(post) == wanted);
        ids(page).into_iter().filter_map(position).collect::<Vec<_>>()
    };
    for (ordering, expected) in [
        ("", [3, 2, 1, 0]),
        ("created_at", [0, 1, 2, 3]),
        ("-id", [3, 2, 1, 0]),
        ("text", [1, 3, 0, 2]),
        ("visibility,-id", [2, 1, 3, 0]),
        ("language,text,-id", [2, 3, 1, 0]),
        ("-like_count,id", [3, 0, 1, 2]),
        ("-comment_count,id", [0, 2, 1, 3]),
        ("password", [3, 2, 1, 0]),
    ] {
        let whole = ann
            .client
            .get(&format!("posts/?ordering={ordering}"))
            .await
            .expect(200);
        assert_eq!(numbers(&whole), expected, "{ordering}");
        let mut walked = Vec::new();
        let mut next = json!(format!("posts/?ordering={ordering}&page_size=1"));
        while let Some(path) = next.as_str() {
            let page = ann.client.get(path).await.expect(200);
            walked.extend(numbers(&page));
            next = page["next"].clone();
        }
        assert_eq!(walked, expected, "{ordering} in steps");
    }
    let of_bob = post(&bob, "other").await;
    for (author, expected) in [
        (bob.id.to_string(), vec![id(&of_bob)]),
        ("5".to_owned(), vec![]),
        ("abc".to_owned(), vec![]),
        ("9999999999999999999999".to_owned(), vec![]),
    ] {
        let list = ann
            .client
            .get(&format!("posts/?author={author}"))
            .await
            .expect(200);
        assert_eq!(ids(&list), expected, "{author}");
    }
    assert_eq!(
        ann.client.get("posts/?cursor=bogus").await.expect(404),
        json!({ "detail": "Invalid cursor" })
    );
    app.stop().await;
}

#[tokio::test]
async fn a_walk_gives_each_post_once_while_others_come() {
    let app = start().await;
    let ann = user(&app).await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(id(&post(&ann, &number.to_string()).await));
    }
    let (mut seen, mut next) = (Vec::new(), json!("posts/?page_size=2"));
    while let Some(path) = next.as_str() {
        let page = app.client().get(path).await.expect(200);
        seen.extend(ids(&page));
        next = page["next"].clone();
        post(&ann, "late").await;
    }
    made.reverse();
    assert_eq!(seen, made);
    app.stop().await;
}
