//! Who sees which post, on every way to it.

use platform::testing::Client;
use serde_json::{Value, json};

use super::{block, comment, follow, id, ids, of_comment, of_post, post_for};
use crate::support::{TestUser, start, user};

/// Whether a post is there for somebody: the same on every way to it.
async fn sees(client: &Client, author: &TestUser, post: &Value, comment: &Value) -> bool {
    let status = client.get(&of_post(post, "")).await.status;
    let is_seen = status == 200;
    assert_eq!(status, if is_seen { 200 } else { 404 });
    let expected = if is_seen { 200 } else { 404 };
    let all = client.get("posts/?page_size=100").await.expect(200);
    assert_eq!(ids(&all).contains(&id(post)), is_seen, "the list");
    let own = client
        .get(&format!("posts/?author={}", author.id))
        .await
        .expect(200);
    assert_eq!(ids(&own).contains(&id(post)), is_seen, "the author's list");
    let comments = format!("comments/?post={}", post["id"]);
    let comments = client.get(&comments).await.expect(200);
    assert_eq!(!ids(&comments).is_empty(), is_seen, "its comments");
    let every = client.get("comments/").await.expect(200);
    assert_eq!(ids(&every).contains(&id(comment)), is_seen, "all comments");
    client.get(&of_comment(comment, "")).await.expect(expected);
    let tagged = client.get("hashtags/secret/posts/").await.expect(200);
    assert_eq!(ids(&tagged).contains(&id(post)), is_seen, "its hashtag");
    if client.token.is_some() {
        for path in [of_post(post, "likes/"), of_comment(comment, "likes/")] {
            client.get(&path).await.expect(expected);
        }
        for path in [
            of_post(post, "like/"),
            of_post(post, "unlike/"),
            of_post(post, "bookmark/"),
            of_comment(comment, "like/"),
            of_comment(comment, "unlike/"),
        ] {
            client.call("POST", &path).await.expect(expected);
        }
        let kept = client.get("bookmarks/").await.expect(200);
        assert_eq!(ids(&kept).contains(&id(post)), is_seen, "what is kept");
        let body = json!({ "post": post["id"], "text": "me too" });
        let answer = client.post("comments/", &body).await;
        if is_seen {
            answer.expect(201);
        } else {
            let message = format!("Invalid pk \"{}\" - object does not exist.", post["id"]);
            assert_eq!(answer.expect(400), json!({ "post": [message] }));
        }
        let body = json!({ "post": post["id"], "parent": comment["id"], "text": "me too" });
        let answer = client.post("comments/", &body).await;
        answer.expect(if is_seen { 201 } else { 400 });
    }
    is_seen
}

#[tokio::test]
async fn a_post_is_seen_by_those_it_is_for() {
    let app = start().await;
    let author = user(&app).await;
    let (follower, stranger) = (user(&app).await, user(&app).await);
    let (blocked, blocker) = (user(&app).await, user(&app).await);
    follow(&follower, &author).await;
    block(&author, &blocked).await;
    block(&blocker, &author).await;
    let nobody = app.client();
    for (visibility, expected) in [
        ("public", [true, true, true, true, false, false]),
        ("followers", [true, true, false, false, false, false]),
        ("private", [true, false, false, false, false, false]),
    ] {
        let post = post_for(&author, "#secret", visibility).await;
        let first = comment(&author, &post, "first").await;
        let mut seen = Vec::new();
        for client in [
            &author.client,
            &follower.client,
            &stranger.client,
            &nobody,
            &blocked.client,
            &blocker.client,
        ] {
            seen.push(sees(client, &author, &post, &first).await);
        }
        assert_eq!(seen, expected, "{visibility}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_follow_opens_and_closes() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let post = post_for(&ann, "for followers", "followers").await;
    let path = of_post(&post, "");
    bob.client.get(&path).await.expect(404);
    follow(&bob, &ann).await;
    bob.client.get(&path).await.expect(200);
    bob.client
        .call("POST", &of_post(&post, "bookmark/"))
        .await
        .expect(200);
    bob.client
        .delete(&format!("users/{}/follow/", ann.id))
        .await
        .expect(200);
    bob.client.get(&path).await.expect(404);
    // What one keeps is taken back also when it is out of sight.
    assert_eq!(ids(&bob.client.get("bookmarks/").await.expect(200)), [0_i64; 0]);
    bob.client.delete(&of_post(&post, "bookmark/")).await.expect(200);
    bob.client.delete(&of_post(&post, "bookmark/")).await.expect(404);
    app.stop().await;
}

#[tokio::test]
async fn comments_of_those_one_is_apart_from_are_not_shown() {
    let app = start().await;
    let (host, ann, bob) = (user(&app).await, user(&app).await, user(&app).await);
    let post = super::post(&host, "open house").await;
    let (of_ann, of_bob) = (comment(&ann, &post, "a").await, comment(&bob, &post, "b").await);
    block(&ann, &bob).await;
    let list = format!("comments/?post={}", post["id"]);
    assert_eq!(ids(&ann.client.get(&list).await.expect(200)), [id(&of_ann)]);
    assert_eq!(ids(&bob.client.get(&list).await.expect(200)), [id(&of_bob)]);
    ann.client.get(&of_comment(&of_bob, "")).await.expect(404);
    let everybody = app.client().get(&list).await.expect(200);
    assert_eq!(ids(&everybody), [id(&of_bob), id(&of_ann)]);
    // The address of an author is for that author alone.
    let seen = bob.client.get(&of_post(&post, "")).await.expect(200);
    assert_eq!(seen["author"]["email"], Value::Null);
    app.stop().await;
}
