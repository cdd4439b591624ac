//! Likes of posts and comments.

use serde_json::{Value, json};

use super::{block, comment, of_comment, of_post, post};
use crate::support::{TestUser, execute, field, start, user};

/// The path of a post, and that of a comment on it.
async fn targets(author: &TestUser) -> [String; 2] {
    let post = post(author, "a post").await;
    let comment = comment(author, &post, "a comment").await;
    [of_post(&post, ""), of_comment(&comment, "")]
}

#[tokio::test]
async fn a_like_counts_once_and_can_be_taken_back() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let [post, comment] = targets(&ann).await;
    for path in [&post, &comment] {
        let (like, unlike) = (format!("{path}like/"), format!("{path}unlike/"));
        let liked = |count: i64| json!({ "liked": true, "like_count": count });
        let unliked = |count: i64| json!({ "liked": false, "like_count": count });
        for _ in 0..3 {
            assert_eq!(bob.client.call("POST", &like).await.expect(200), liked(1));
        }
        assert_eq!(ann.client.call("POST", &like).await.expect(200), liked(2));
        let seen = async |client: &platform::testing::Client| {
            let thing = client.get(path).await.expect(200);
            json!([thing["like_count"], thing["viewer_has_liked"], thing["liked"]])
        };
        assert_eq!(seen(&bob.client).await, json!([2, true, true]));
        assert_eq!(seen(&app.client()).await, json!([2, false, false]));
        assert_eq!(bob.client.delete(&unlike).await.expect(200), unliked(1));
        assert_eq!(bob.client.post(&unlike, &json!({})).await.expect(200), unliked(1));
        for (method, path) in [
            ("GET", &like),
            ("DELETE", &like),
            ("GET", &unlike),
            ("PUT", &like),
        ] {
            let answer = ann.client.call(method, path).await;
            assert_eq!(
                answer.expect(405),
                json!({ "detail": format!("Method \"{method}\" not allowed.") })
            );
        }
        for (method, path) in [("POST", &like), ("POST", &unlike), ("DELETE", &unlike)] {
            app.client().call(method, path).await.expect(401);
        }
    }
    for path in [
        "posts/5/like/",
        "posts/abc/like/",
        "comments/5/unlike/",
        "comments/x/like/",
    ] {
        ann.client.call("POST", path).await.expect(404);
    }
    // A like of a comment is none of its post.
    assert_eq!(ann.client.get(&post).await.expect(200)["like_count"], 1);
    app.stop().await;
}

#[tokio::test]
async fn who_likes_it_is_listed_the_latest_first() {
    let app = start().await;
    let (ann, bob, cat) = (user(&app).await, user(&app).await, user(&app).await);
    let (private, blocked) = (user(&app).await, user(&app).await);
    for path in targets(&ann).await {
        for user in [&bob, &cat, &private, &blocked] {
            user.client
                .call("POST", &format!("{path}like/"))
                .await
                .expect(200);
        }
        execute(
            &app,
            &format!(
                "UPDATE user_settings SET privacy = 'private' WHERE user_id = {}",
                private.id
            ),
        )
        .await;
        block(&cat, &blocked).await;
        let list = format!("{path}likes/");
        let listed = async |user: &TestUser, query: &str| -> Value {
            let page = user.client.get(&format!("{list}{query}")).await.expect(200);
            json!(field(&page, "id"))
        };
        assert_eq!(listed(&ann, "").await, json!([blocked.id, cat.id, bob.id]));
        assert_eq!(listed(&cat, "").await, json!([cat.id, bob.id]));
        assert_eq!(
            listed(&private, "").await,
            json!([blocked.id, private.id, cat.id, bob.id])
        );
        let first = ann.client.get(&format!("{list}?page_size=2")).await.expect(200);
        let next = first["next"].as_str().expect("a URL");
        assert_eq!(
            field(&ann.client.get(next).await.expect(200), "id"),
            [&json!(bob.id)]
        );
        app.client().get(&list).await.expect(401);
        cat.client
            .delete(&format!("users/{}/block/", blocked.id))
            .await
            .expect(200);
        execute(&app, "UPDATE user_settings SET privacy = 'public'").await;
    }
    app.stop().await;
}
