//! Making, changing and removing posts.

use chrono::Duration;
use serde_json::json;

use super::{of_post, post, posts_count, put, read};
use crate::support::{start, user, value};

#[tokio::test]
async fn a_post_is_made_changed_and_removed() {
    let app = start().await;
    let ann = user(&app).await;
    let made = post(&ann, "  hello \n").await;
    assert_eq!(made["author"]["id"], json!(ann.id));
    assert_eq!(made["author"]["email"], json!(ann.email));
    let mut shown = made.clone();
    for field in ["id", "author", "created_at"] {
        shown.as_object_mut().expect("an object").remove(field);
    }
    assert_eq!(
        shown,
        json!({
            "text": "hello", "visibility": "public", "language": "en", "media": [], "images": [], "image_urls": [],
            "video": null, "like_count": 0, "comment_count": 0, "repost_count": 0, "liked": false,
            "viewer_has_liked": false, "bookmarked": false, "reposted": false, "repost_of": null, "hashtags": [],
            "mentions": [], "is_edited": false, "edited_at": null, "recent_gifts": [], "gift_counts": {},
        })
    );
    assert_eq!(read(&ann, &made).await["text"], "hello");
    assert_eq!(posts_count(&ann).await, 1);
    let path = of_post(&made, "");
    let unchanged = ann.client.patch(&path, &json!({})).await.expect(200);
    assert_eq!(unchanged["is_edited"], json!(false));
    let change = json!({ "text": " after ", "visibility": "private", "like_count": 9, "author": 1 });
    let changed = ann.client.patch(&path, &change).await.expect(200);
    assert_eq!(
        json!([
            changed["text"],
            changed["visibility"],
            changed["like_count"],
            changed["created_at"],
            changed["is_edited"]
        ]),
        json!(["after", "private", 0, made["created_at"], true])
    );
    let replaced = put(&ann, &path, &json!({ "text": "again", "language": "ka" })).await;
    let replaced = replaced.expect(200);
    assert_eq!(
        (&replaced["visibility"], &replaced["language"]),
        (&json!("private"), &json!("ka"))
    );
    assert_eq!(
        put(&ann, &path, &json!({})).await.expect(400),
        json!({ "text": ["This field is required."] })
    );
    assert_eq!(ann.client.delete(&path).await.status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(
            ann.client.call(method, &path).await.expect(404),
            json!({ "detail": "No Post matches the given query." })
        );
    }
    assert_eq!(posts_count(&ann).await, 0);
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_by_field() {
    let app = start().await;
    let ann = user(&app).await;
    for (body, expected) in [
        (json!({}), json!({ "text": ["This field is required."] })),
        (
            json!({ "text": " \n" }),
            json!({ "text": ["This field may not be blank."] }),
        ),
        (
            json!({ "text": null }),
            json!({ "text": ["This field may not be null."] }),
        ),
        (
            json!({ "text": ["a"] }),
            json!({ "text": ["Not a valid string."] }),
        ),
        (
            json!({ "text": "a\0" }),
            json!({ "text": ["Null characters are not allowed."] }),
        ),
        (
            json!({ "text": "x", "visibility": "all", "language": "123456789" }),
            json!({
                "visibility": ["\"all\" is not a valid choice."],
                "language": ["Ensure this field has no more than 8 characters."],
            }),
        ),
        (
            json!({ "text": "x", "visibility": null, "language": "" }),
            json!({
                "visibility": ["This field may not be null."], "language": ["This field may not be blank."],
            }),
        ),
        (
            json!({ "text": "x", "media_ids": [1, 0, "a"] }),
            json!({ "media_ids": {
                "1": ["Ensure this value is greater than or equal to 1."], "2": ["A valid integer is required."],
            } }),
        ),
        (
            json!({ "text": "x", "media_ids": 5 }),
            json!({ "media_ids": ["Expected a list of items but got type \"int\"."] }),
        ),
        (
            json!({ "text": "x", "images": ["words"], "video": "words" }),
            json!({
                "images_upload": { "0": ["The submitted data was not a file. Check the encoding type on the form."] },
                "video_upload": ["The submitted data was not a file. Check the encoding type on the form."],
            }),
        ),
    ] {
        assert_eq!(
            ann.client.post("posts/", &body).await.expect(400),
            expected,
            "{body}"
        );
    }
    app.client()
        .post("posts/", &json!({ "text": "x" }))
        .await
        .expect(401);
    let made = post(&ann, "kept").await;
    for (change, field) in [
        (json!({ "text": " " }), "text"),
        (json!({ "visibility": "x" }), "visibility"),
        (json!({ "language": "123456789" }), "language"),
    ] {
        let refused = ann.client.patch(&of_post(&made, ""), &change).await.expect(400);
        assert!(refused[field].is_array(), "{refused}");
    }
    assert_eq!(read(&ann, &made).await["text"], "kept");
    let fine = json!({ "text": 5, "images": [], "video": null, "media_ids": [], "id": 7, "created_at": "x" });
    assert_eq!(ann.client.post("posts/", &fine).await.expect(201)["text"], "5");
    let long = "é".repeat(100_000);
    let made = post(&ann, &long).await;
    assert_eq!(read(&ann, &made).await["text"], json!(long));
    app.stop().await;
}

#[tokio::test]
async fn posts_of_others_cannot_be_changed() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let seen = post(&ann, "mine").await;
    let hidden = super::post_for(&ann, "mine", "private").await;
    for (post, status) in [(&seen, 403), (&hidden, 404)] {
        let path = of_post(post, "");
        bob.client
            .patch(&path, &json!({ "text": "x" }))
            .await
            .expect(status);
        put(&bob, &path, &json!({ "text": "x" })).await.expect(status);
        bob.client.delete(&path).await.expect(status);
        app.client().delete(&path).await.expect(401);
        assert_eq!(read(&ann, post).await["text"], "mine");
    }
    for path in ["posts/abc/", "posts/5/", "posts/99999999999999999999/"] {
        bob.client.get(path).await.expect(404);
        bob.client.delete(path).await.expect(404);
    }
    app.stop().await;
}

#[tokio::test]
async fn writing_is_limited_by_the_minute() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let target = post(&ann, "0").await;
    for number in 1..30 {
        // Every request counts, valid or not.
        let body = if number % 2 == 0 {
            json!({ "text": "x" })
        } else {
            json!({})
        };
        let status = ann.client.post("posts/", &body).await.status;
        assert_eq!(status, if number % 2 == 0 { 201 } else { 400 }, "{number}");
    }
    let refused = ann.client.post("posts/", &json!({ "text": "x" })).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(refused.header("retry-after"), "60");
    ann.client
        .call("POST", &of_post(&target, "repost/"))
        .await
        .expect(429);
    post(&bob, "somebody else").await;
    for number in 0..60 {
        let answer = ann
            .client
            .post("comments/", &json!({ "post": target["id"] }))
            .await;
        assert_eq!(answer.status, 400, "{number}: {}", answer.text);
    }
    ann.client
        .post("comments/", &json!({ "post": target["id"], "text": "x" }))
        .await
        .expect(429);
    super::comment(&bob, &target, "somebody else").await;
    // Redis counts in its own time.
    if !platform::testing::is_postgres() {
        app.advance(Duration::seconds(61));
        post(&ann, "later").await;
    }
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM comments").await, 1);
    app.stop().await;
}
