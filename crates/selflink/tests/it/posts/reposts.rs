//! Passing posts on.

use serde_json::{Value, json};

use super::{block, id, ids, of_post, post, post_for, posts_count, read};
use crate::support::{TestUser, eventually, start, user, value};

async fn repost(user: &TestUser, of: &Value, body: Value) -> platform::testing::Answer {
    user.client.post(&of_post(of, "repost/"), &body).await
}

#[tokio::test]
async fn a_post_is_passed_on_plainly_once_and_quoted_often() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let original = post(&ann, "worth reading").await;
    let plain = repost(&bob, &original, json!({})).await.expect(201);
    assert_eq!(
        json!([
            plain["text"],
            plain["author"]["id"],
            plain["repost_of"]["id"],
            plain["repost_of"]["reposted"]
        ]),
        json!(["", bob.id, original["id"], true])
    );
    let again = repost(&bob, &original, json!({ "text": " " })).await.expect(200);
    assert_eq!(again["id"], plain["id"]);
    // What is passed on is the post, however it was come across.
    let through = repost(&ann, &plain, json!({})).await.expect(201);
    assert_eq!(through["repost_of"]["id"], original["id"]);
    let quote = json!({ "text": "look at this #found", "visibility": "followers" });
    for _ in 0..2 {
        let quote = repost(&bob, &original, quote.clone()).await.expect(201);
        assert_eq!(
            json!([quote["visibility"], quote["hashtags"], quote["repost_of"]["text"]]),
            json!(["followers", ["found"], "worth reading"])
        );
    }
    let seen = read(&bob, &original).await;
    assert_eq!(json!([seen["repost_count"], seen["reposted"]]), json!([4, true]));
    assert_eq!(read(&ann, &plain).await["repost_of"]["repost_of"], Value::Null);
    assert_eq!(posts_count(&bob).await, 3);
    for _ in 0..2 {
        let answer = bob.client.delete(&of_post(&original, "repost/")).await;
        assert_eq!(
            answer.expect(200),
            json!({ "reposted": false, "repost_count": 3 })
        );
    }
    bob.client.get(&of_post(&plain, "")).await.expect(404);
    // By way of the repost itself.
    let answer = ann.client.delete(&of_post(&through, "repost/")).await.expect(200);
    assert_eq!(answer["repost_count"], 2);
    let plain = repost(&bob, &original, json!({})).await.expect(201);
    let refused = bob
        .client
        .patch(&of_post(&plain, ""), &json!({ "text": "x" }))
        .await;
    assert!(refused.expect(400)["text"].is_array());
    bob.client
        .patch(&of_post(&plain, ""), &json!({ "visibility": "private" }))
        .await
        .expect(200);
    assert_eq!(bob.client.delete(&of_post(&plain, "")).await.status, 204);
    assert_eq!(read(&bob, &original).await["repost_count"], 2);
    app.stop().await;
}

#[tokio::test]
async fn only_public_posts_are_passed_on() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for visibility in ["followers", "private"] {
        let hidden = post_for(&ann, "not for all", visibility).await;
        repost(&bob, &hidden, json!({})).await.expect(404);
        assert_eq!(
            repost(&ann, &hidden, json!({})).await.expect(400),
            json!({ "non_field_errors": ["Only public posts can be passed on."] })
        );
    }
    let open = post(&ann, "for all").await;
    for body in [
        json!({ "visibility": "x" }),
        json!({ "text": null }),
        json!({ "language": "" }),
    ] {
        repost(&bob, &open, body).await.expect(400);
    }
    app.client()
        .post(&of_post(&open, "repost/"), &json!({}))
        .await
        .expect(401);
    bob.client.post("posts/5/repost/", &json!({})).await.expect(404);
    bob.client.delete("posts/5/repost/").await.expect(404);
    assert_eq!(read(&ann, &open).await["repost_count"], 0);
    app.stop().await;
}

#[tokio::test]
async fn what_one_may_not_see_is_not_shown_by_others() {
    let app = start().await;
    let (ann, bob, cat) = (user(&app).await, user(&app).await, user(&app).await);
    let original = post(&ann, "secret later").await;
    let plain = repost(&bob, &original, json!({})).await.expect(201);
    let quote = repost(&bob, &original, json!({ "text": "hear" }))
        .await
        .expect(201);
    block(&ann, &cat).await;
    cat.client.get(&of_post(&plain, "")).await.expect(404);
    assert_eq!(read(&cat, &quote).await["repost_of"], Value::Null);
    assert_eq!(read(&bob, &quote).await["repost_of"]["text"], "secret later");
    let list = format!("posts/?author={}", bob.id);
    assert_eq!(ids(&cat.client.get(&list).await.expect(200)), [id(&quote)]);
    ann.client
        .patch(&of_post(&original, ""), &json!({ "visibility": "private" }))
        .await
        .expect(200);
    app.client().get(&of_post(&plain, "")).await.expect(404);
    assert_eq!(read(&bob, &quote).await["repost_of"], Value::Null);
    // The repost is still one's own to take back.
    let answer = bob
        .client
        .delete(&of_post(&original, "repost/"))
        .await
        .expect(200);
    assert_eq!(answer["reposted"], json!(false));
    app.stop().await;
}

#[tokio::test]
async fn plain_reposts_go_with_the_post_and_quotes_stay() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let original = post(&ann, "short-lived").await;
    repost(&bob, &original, json!({})).await.expect(201);
    let quote = repost(&bob, &original, json!({ "text": "mine" }))
        .await
        .expect(201);
    assert_eq!(ann.client.delete(&of_post(&original, "")).await.status, 204);
    let list = format!("posts/?author={}", bob.id);
    assert_eq!(ids(&bob.client.get(&list).await.expect(200)), [id(&quote)]);
    eventually("the removal of the repost", async || {
        (value::<i64>(&app, "SELECT count(*) FROM posts").await == 1).then_some(())
    })
    .await;
    assert_eq!(read(&bob, &quote).await["repost_of"], Value::Null);
    assert_eq!(posts_count(&bob).await, 1);
    app.stop().await;
}
