//! What people do through the API, and what others hear of it.

use platform::testing::TestApp;
use serde_json::{Value, json};

use super::builders::{listed, only, unread};
use crate::{
    mails::post::all_is_done,
    support::{TestUser, start, user_called},
};

/// What somebody was told, oldest first.
async fn kinds(of: &TestUser) -> Vec<String> {
    let mut kinds: Vec<String> = listed(of)
        .await
        .iter()
        .map(|item| item["type"].as_str().expect("a text").to_owned())
        .collect();
    kinds.reverse();
    kinds
}

async fn act(app: &TestApp, by: &TestUser, method: &str, path: &str, body: Value) -> Value {
    let answer = by
        .client
        .send(method, path, "application/json", body.to_string())
        .await;
    assert!(
        (200..300).contains(&answer.status),
        "{method} {path}: {}",
        answer.text
    );
    all_is_done(app).await;
    answer.json()
}

#[tokio::test]
async fn an_evening_among_three() {
    let app = start().await;
    let (ann, bob, eve) = (
        user_called(&app, "ann").await,
        user_called(&app, "bob").await,
        user_called(&app, "eve").await,
    );
    let post = act(&app, &ann, "POST", "posts/", json!({ "text": "Look, @bob" })).await["id"].clone();
    assert_eq!(only(&bob).await.0, "mention");
    let like = format!("posts/{post}/like/");
    act(&app, &bob, "POST", &like, json!({})).await;
    act(&app, &bob, "POST", &like, json!({})).await;
    act(&app, &ann, "POST", &like, json!({})).await;
    assert_eq!(kinds(&ann).await, ["like"]);
    let comment = json!({ "post": post, "text": "Nice, @eve" });
    let comment = act(&app, &bob, "POST", "comments/", comment).await["id"].clone();
    assert_eq!(
        (kinds(&ann).await, kinds(&eve).await),
        (
            vec!["like".to_owned(), "comment".to_owned()],
            vec!["mention".to_owned()]
        )
    );
    let answer = json!({ "post": post, "text": "Indeed, @bob", "parent": comment });
    act(&app, &eve, "POST", "comments/", answer).await;
    assert_eq!(kinds(&bob).await, ["mention", "reply"], "not again as a mention");
    assert_eq!(kinds(&ann).await, ["like", "comment", "comment"]);
    act(
        &app,
        &eve,
        "POST",
        &format!("comments/{comment}/like/"),
        json!({}),
    )
    .await;
    assert_eq!(kinds(&bob).await, ["mention", "reply", "like"]);
    act(&app, &eve, "POST", &format!("posts/{post}/repost/"), json!({})).await;
    assert_eq!(unread(&ann).await, 4);
    act(&app, &eve, "DELETE", &format!("posts/{post}/repost/"), json!({})).await;
    act(&app, &bob, "POST", &format!("posts/{post}/unlike/"), json!({})).await;
    assert_eq!(kinds(&ann).await, ["comment", "comment"]);
    act(&app, &bob, "DELETE", &format!("comments/{comment}/"), json!({})).await;
    assert!(
        kinds(&ann).await.is_empty(),
        "with the comment go the answers to it"
    );
    assert_eq!(
        (kinds(&bob).await, kinds(&eve).await),
        (vec!["mention".to_owned()], vec![])
    );
    act(&app, &ann, "DELETE", &format!("posts/{post}/"), json!({})).await;
    for user in [&ann, &bob, &eve] {
        assert_eq!((listed(user).await.len(), unread(user).await), (0, 0));
    }
    app.stop().await;
}

#[tokio::test]
async fn what_moderation_takes_away_is_quoted_nowhere() {
    let app = start().await;
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "bob").await);
    let post = act(&app, &ann, "POST", "posts/", json!({ "text": "A post" })).await["id"].clone();
    let comment = json!({ "post": post, "text": "Bad words" });
    let comment = act(&app, &bob, "POST", "comments/", comment).await["id"]
        .as_i64()
        .expect("a number");
    assert_eq!(only(&ann).await.1["text"], "Bad words");
    let removed = app
        .app
        .db()
        .write(|tx| async move { social::remove_comment(&tx, comment).await });
    removed.await.expect("is removed");
    all_is_done(&app).await;
    assert_eq!((listed(&ann).await.len(), unread(&ann).await), (0, 0));
    app.stop().await;
}

#[tokio::test]
async fn what_is_meant_for_others_no_more_is_quoted_to_them_no_more() {
    let app = start().await;
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "bob").await);
    let post = act(&app, &ann, "POST", "posts/", json!({ "text": "Hello @bob" })).await["id"].clone();
    assert_eq!(kinds(&bob).await, ["mention"]);
    act(&app, &bob, "POST", &format!("posts/{post}/like/"), json!({})).await;
    let path = format!("posts/{post}/");
    act(&app, &ann, "PATCH", &path, json!({ "visibility": "private" })).await;
    assert_eq!((listed(&bob).await.len(), unread(&bob).await), (0, 0));
    assert_eq!(kinds(&ann).await, ["like"], "to the author it is as it was");
    // A like can be taken back all the same.
    let unlike = format!("posts/{post}/unlike/");
    let answer = act(&app, &bob, "DELETE", &unlike, json!({})).await;
    assert_eq!(answer, json!({ "liked": false, "like_count": 0 }));
    bob.client.delete(&unlike).await.expect(404);
    app.stop().await;
}
