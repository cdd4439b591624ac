//! What moderation takes away and gives back, and the repair of counters.

use platform::{id::UserId, testing::TestApp};
use sea_orm::DbErr;
use serde_json::{Value, json};
use social::Target;

use super::{comment, id, ids, of_comment, of_post, post, post_for, posts_count, read, reply};
use crate::{
    cli::run,
    support::{execute, start, user},
};

#[derive(Clone, Copy)]
enum Act {
    RemovePost,
    RestorePost,
    RemoveComment,
    RestoreComment,
}

/// Does it in a transaction of its own; whose it is.
async fn act(app: &TestApp, act: Act, id: i64) -> Option<i64> {
    let author: Result<Option<UserId>, DbErr> = app
        .app
        .db()
        .write(|tx| async move {
            match act {
                Act::RemovePost => social::remove_post(&tx, id).await,
                Act::RestorePost => social::restore_post(&tx, id).await,
                Act::RemoveComment => social::remove_comment(&tx, id).await,
                Act::RestoreComment => social::restore_comment(&tx, id).await,
            }
        })
        .await;
    author.expect("the database answers").map(|author| author.0)
}

#[tokio::test]
async fn a_removed_post_is_its_authors_alone_and_not_counted() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let original = post(&ann, "an original #gone").await;
    let quote = bob
        .client
        .post(&of_post(&original, "repost/"), &json!({ "text": "look" }))
        .await;
    let quote = quote.expect(201);
    for _ in 0..2 {
        assert_eq!(act(&app, Act::RemovePost, id(&original)).await, Some(ann.id));
    }
    bob.client.get(&of_post(&original, "")).await.expect(404);
    assert_eq!(read(&bob, &quote).await["repost_of"], Value::Null);
    assert_eq!(read(&ann, &original).await["text"], "an original #gone");
    assert_eq!(ids(&bob.client.get("posts/").await.expect(200)), [id(&quote)]);
    assert_eq!(
        app.client().get("hashtags/trending/").await.expect(200),
        json!([])
    );
    ann.client
        .post(&of_post(&original, "repost/"), &json!({}))
        .await
        .expect(400);
    assert_eq!(posts_count(&ann).await, 0);
    for _ in 0..2 {
        assert_eq!(act(&app, Act::RestorePost, id(&original)).await, Some(ann.id));
    }
    assert_eq!(
        (
            posts_count(&ann).await,
            read(&bob, &original).await["repost_count"].clone()
        ),
        (json!(1), json!(1))
    );
    act(&app, Act::RemovePost, id(&quote)).await;
    assert_eq!(read(&ann, &original).await["repost_count"], 0);
    // What was not counted is not counted down.
    assert_eq!(bob.client.delete(&of_post(&quote, "")).await.status, 204);
    assert_eq!(
        (
            posts_count(&bob).await,
            read(&ann, &original).await["repost_count"].clone()
        ),
        (json!(0), json!(0))
    );
    assert_eq!(act(&app, Act::RemovePost, 5).await, None);
    app.stop().await;
}

#[tokio::test]
async fn a_removed_comment_leaves_its_replies() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let post = post(&ann, "a post").await;
    let said = comment(&bob, &post, "rude").await;
    let answer = reply(&ann, &said, "please").await;
    for _ in 0..2 {
        assert_eq!(act(&app, Act::RemoveComment, id(&said)).await, Some(bob.id));
    }
    let list = format!("comments/?post={}", post["id"]);
    assert_eq!(ids(&ann.client.get(&list).await.expect(200)), [id(&answer)]);
    assert_eq!(
        ids(&bob.client.get(&list).await.expect(200)),
        [id(&answer), id(&said)]
    );
    ann.client
        .call("POST", &of_comment(&said, "like/"))
        .await
        .expect(404);
    assert_eq!(read(&ann, &post).await["comment_count"], 1);
    act(&app, Act::RestoreComment, id(&said)).await;
    assert_eq!(read(&ann, &post).await["comment_count"], 2);
    act(&app, Act::RemoveComment, id(&answer)).await;
    assert_eq!(bob.client.delete(&of_comment(&said, "")).await.status, 204);
    assert_eq!(read(&ann, &post).await["comment_count"], 0);
    assert_eq!(act(&app, Act::RemoveComment, 5).await, None);
    app.stop().await;
}

#[tokio::test]
async fn moderation_sees_what_it_is_about() {
    let app = start().await;
    let ann = user(&app).await;
    let post = post_for(&ann, "hidden", "private").await;
    let said = comment(&ann, &post, "below").await;
    let of = async |target: Target, id: i64| {
        let found = social::content(app.app.db().reader(), target, id).await;
        found.expect("the database answers")
    };
    let found = of(Target::Post, id(&post)).await.expect("is there");
    assert_eq!(
        (
            found.author_id,
            found.text.as_str(),
            found.visibility.as_str(),
            found.removed_at
        ),
        (UserId(ann.id), "hidden", "private", None)
    );
    act(&app, Act::RemoveComment, id(&said)).await;
    let found = of(Target::Comment, id(&said)).await.expect("is there");
    assert_eq!((found.post_id, found.text.as_str()), (id(&post), "below"));
    assert!(found.removed_at.is_some());
    assert_eq!(of(Target::Post, id(&said)).await, None);
    app.stop().await;
}

#[tokio::test]
async fn the_repair_of_counts_counts_anew() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let post = post(&ann, "a post").await;
    let said = comment(&bob, &post, "x").await;
    for path in [of_post(&post, "like/"), of_comment(&said, "like/")] {
        bob.client.call("POST", &path).await.expect(200);
    }
    bob.client
        .post(&of_post(&post, "repost/"), &json!({}))
        .await
        .expect(201);
    for wrong in [
        "UPDATE posts SET like_count = 7, comment_count = 0, repost_count = 9",
        "UPDATE comments SET like_count = 3",
        "UPDATE users SET posts_count = -2",
    ] {
        execute(&app, wrong).await;
    }
    let repair = async || run(&app.database(), &["repair-post-counts"]).await.succeeded();
    assert_eq!(
        repair().await,
        "Repaired the counts of 2 posts, 1 comments and 2 accounts.\n"
    );
    let seen = read(&ann, &post).await;
    assert_eq!(
        json!([seen["like_count"], seen["comment_count"], seen["repost_count"]]),
        json!([1, 1, 1])
    );
    assert_eq!(
        (posts_count(&ann).await, posts_count(&bob).await),
        (json!(1), json!(1))
    );
    assert_eq!(
        repair().await,
        "Repaired the counts of 0 posts, 0 comments and 0 accounts.\n"
    );
    app.stop().await;
}
