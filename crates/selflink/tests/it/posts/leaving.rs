//! What accounts take with them.

use serde_json::{Value, json};

use super::{comment, of_comment, of_post, post, posts_count, read, reply};
use crate::{
    cli::run,
    support::{PASSWORD, eventually, start, user, value},
};

#[tokio::test]
async fn the_copy_holds_what_one_wrote_and_liked() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (own, other) = (post(&ann, "my words").await, post(&bob, "not my words").await);
    let said = comment(&ann, &other, "my comment").await;
    for path in [
        of_post(&other, "like/"),
        of_comment(&said, "like/"),
        of_post(&other, "bookmark/"),
    ] {
        ann.client.call("POST", &path).await.expect(200);
    }
    ann.client.call("POST", "me/export/").await.expect(202);
    let url = eventually("the copy", async || {
        let answer = ann.client.get("me/export/").await.expect(200);
        answer["url"].as_str().map(str::to_owned)
    })
    .await;
    let copy = ann.client.get(&url).await.expect(200)["social"].clone();
    let first = |part: &str, field: &str| copy[part][0][field].clone();
    assert_eq!(
        json!([
            first("posts", "id"),
            first("posts", "text"),
            first("comments", "text"),
            first("liked_posts", "post_id"),
            first("liked_comments", "comment_id"),
            first("bookmarks", "post_id")
        ]),
        json!([
            own["id"],
            "my words",
            "my comment",
            other["id"],
            said["id"],
            other["id"]
        ])
    );
    assert!(!copy.to_string().contains("not my words"));
    app.stop().await;
}

#[tokio::test]
async fn a_deleted_account_takes_its_words_and_likes_with_it() {
    let app = start().await;
    let (ann, bob, cat) = (user(&app).await, user(&app).await, user(&app).await);
    let (own, other) = (post(&ann, "mine").await, post(&bob, "bobs").await);
    comment(&bob, &own, "on anns").await;
    let said = comment(&ann, &other, "of ann").await;
    reply(&cat, &said, "to ann").await;
    let kept = comment(&cat, &other, "of cat @ann").await;
    ann.client
        .post(&of_post(&other, "repost/"), &json!({}))
        .await
        .expect(201);
    bob.client
        .post(&of_post(&own, "repost/"), &json!({ "text": "quote" }))
        .await
        .expect(201);
    for path in [
        of_post(&other, "like/"),
        of_comment(&kept, "like/"),
        of_post(&other, "bookmark/"),
    ] {
        ann.client.call("POST", &path).await.expect(200);
        cat.client.call("POST", &path).await.expect(200);
    }
    let body = json!({ "password": PASSWORD });
    ann.client.post("me/account/delete/", &body).await.expect(202);
    eventually("the deletion", async || {
        let left = format!("SELECT count(*) FROM users WHERE id = {}", ann.id);
        (value::<i64>(&app, &left).await == 0).then_some(())
    })
    .await;
    for (table, column) in [
        ("posts", "author_id"),
        ("comments", "author_id"),
        ("post_likes", "user_id"),
        ("comment_likes", "user_id"),
        ("bookmarks", "user_id"),
        ("comment_mentions", "user_id"),
    ] {
        let left = format!("SELECT count(*) FROM {table} WHERE {column} = {}", ann.id);
        assert_eq!(value::<i64>(&app, &left).await, 0, "{table}");
    }
    let seen = read(&bob, &other).await;
    assert_eq!(
        json!([seen["like_count"], seen["comment_count"], seen["repost_count"]]),
        json!([1, 1, 0])
    );
    let left = cat.client.get(&of_comment(&kept, "")).await.expect(200);
    assert_eq!(json!([left["like_count"], left["mentions"]]), json!([1, []]));
    assert_eq!(posts_count(&bob).await, 2);
    let repaired = run(&app.database(), &["repair-post-counts"]).await.succeeded();
    assert_eq!(
        repaired,
        "Repaired the counts of 0 posts, 0 comments and 0 accounts.\n"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_deletion_amid_likes_and_comments_leaves_exact_counts() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = [
        post(&bob, "1").await,
        post(&bob, "2").await,
        post(&bob, "3").await,
    ];
    let acts = (0..30).map(|number| {
        let (ann, post) = (&ann, &posts[number % 3]);
        async move {
            if number % 2 == 0 {
                ann.client.call("POST", &of_post(post, "like/")).await
            } else {
                let body = json!({ "post": post["id"], "text": "x" });
                ann.client.post("comments/", &body).await
            }
        }
    });
    let body = json!({ "password": PASSWORD });
    let (answers, deletion) = futures::join!(
        futures::future::join_all(acts),
        ann.client.post("me/account/delete/", &body)
    );
    deletion.expect(202);
    for answer in answers {
        assert!(matches!(answer.status, 200 | 201 | 401 | 404), "{answer:?}");
    }
    eventually("the deletion", async || {
        let left = format!("SELECT count(*) FROM users WHERE id = {}", ann.id);
        (value::<i64>(&app, &left).await == 0).then_some(())
    })
    .await;
    for post in &posts {
        let seen = read(&bob, post).await;
        assert_eq!(json!([seen["like_count"], seen["comment_count"]]), json!([0, 0]));
    }
    app.stop().await;
}

#[tokio::test]
async fn demo_posts_are_made_once() {
    let database = platform::testing::TestDatabase::create().await;
    run(&database, &["migrate"]).await.succeeded();
    for arguments in [&["seed-demo"][..], &["seed-demo"], &["seed-demo", "--reset"]] {
        run(&database, arguments).await.succeeded();
        let app = platform::testing::TestApp::on(database.clone(), selflink::instance(), &[]).await;
        let posts = app.client().get("posts/").await.expect(200);
        let posts = posts["results"].as_array().expect("a list");
        let counts: Vec<Value> = posts
            .iter()
            .map(|post| {
                json!([
                    post["author"]["handle"],
                    post["like_count"],
                    post["comment_count"]
                ])
            })
            .collect();
        assert_eq!(
            json!(counts),
            json!([
                ["seeker", 2, 1],
                ["mentor", 1, 0],
                ["builder", 2, 1],
                ["seeker", 1, 1],
                ["mentor", 2, 2]
            ])
        );
        app.stop().await;
    }
}
