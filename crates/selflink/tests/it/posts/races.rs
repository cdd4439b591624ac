//! Many at once: counters are the number of rows, nothing happens twice, nothing fails.

use futures::future::join_all;
use platform::testing::TestApp;
use serde_json::{Value, json};

use super::{comment, id, of_comment, of_post, post, posts_count, read, reply};
use crate::support::{TestUser, start, user, value};

async fn users(app: &TestApp, count: usize) -> Vec<TestUser> {
    let mut users = Vec::new();
    for _ in 0..count {
        users.push(user(app).await);
    }
    users
}

async fn count(app: &TestApp, table: &str) -> i64 {
    value(app, &format!("SELECT count(*) FROM {table}")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_likes_and_unlikes_leave_the_exact_count() {
    let app = start().await;
    let users = users(&app, 10).await;
    let target = post(&users[0], "popular").await;
    let said = comment(&users[0], &target, "popular, too").await;
    for (path, stem) in [(of_post(&target, ""), "post"), (of_comment(&said, ""), "comment")] {
        let likes = (0..100).map(|number: usize| {
            let act = if number % 3 == 2 { "unlike" } else { "like" };
            let (client, path) = (&users[number % 10].client, format!("{path}{act}/"));
            async move { client.call("POST", &path).await }
        });
        for answer in join_all(likes).await {
            answer.expect(200);
        }
        let seen = users[0].client.get(&path).await.expect(200);
        assert_eq!(
            seen["like_count"],
            json!(count(&app, &format!("{stem}_likes")).await)
        );
        for user in &users {
            user.client
                .call("POST", &format!("{path}like/"))
                .await
                .expect(200);
        }
        assert_eq!(users[0].client.get(&path).await.expect(200)["like_count"], 10);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn comments_that_come_and_go_at_once_leave_the_exact_count() {
    let app = start().await;
    let users = users(&app, 4).await;
    let target = post(&users[0], "lively").await;
    let mut tops = Vec::new();
    for number in 0..8 {
        tops.push(comment(&users[number % 4], &target, "top").await);
    }
    // Replies to comments that are being deleted, beside new ones.
    let acts = (0..48).map(|number: usize| {
        let (user, top) = (&users[number % 4], &tops[number % 8]);
        let target = &target;
        async move {
            match number / 8 {
                5 => user.client.delete(&of_comment(top, "")).await,
                1 | 3 => {
                    let body = json!({ "post": target["id"], "text": "new" });
                    user.client.post("comments/", &body).await
                }
                _ => {
                    let body = json!({ "post": target["id"], "parent": top["id"], "text": "reply" });
                    user.client.post("comments/", &body).await
                }
            }
        }
    });
    for answer in join_all(acts).await {
        // A reply may be gone again before it can be shown.
        assert!(matches!(answer.status, 201 | 204 | 400 | 404), "{answer:?}");
    }
    let left = count(&app, "comments").await;
    assert_eq!(read(&users[0], &target).await["comment_count"], json!(left));
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM comments WHERE text = 'new'").await,
        16
    );
    let orphans = "SELECT count(*) FROM comments c WHERE c.parent_id IS NOT NULL \
                   AND NOT EXISTS (SELECT 1 FROM comments p WHERE p.id = c.parent_id)";
    assert_eq!(value::<i64>(&app, orphans).await, 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_post_is_passed_on_plainly_once() {
    let app = start().await;
    let users = users(&app, 3).await;
    let target = post(&users[0], "worth it").await;
    let path = &of_post(&target, "repost/");
    let reposts = (0..18).map(|number: usize| {
        let client = &users[number % 3].client;
        async move { client.post(path, &json!({})).await }
    });
    let mut made = 0;
    let mut answers: Vec<Value> = Vec::new();
    for answer in join_all(reposts).await {
        made += usize::from(answer.status == 201);
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        answers.push(answer.json()["id"].clone());
    }
    answers.sort_by_key(Value::as_i64);
    answers.dedup();
    assert_eq!((made, answers.len()), (3, 3));
    assert_eq!(read(&users[0], &target).await["repost_count"], 3);
    assert_eq!(posts_count(&users[1]).await, 1);
    let back = (0..9).map(|number: usize| {
        let client = &users[number % 3].client;
        async move { client.delete(path).await }
    });
    for answer in join_all(back).await {
        answer.expect(200);
    }
    assert_eq!(read(&users[0], &target).await["repost_count"], 0);
    assert_eq!(posts_count(&users[0]).await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_is_done_to_a_post_while_it_goes_does_not_fail() {
    let app = start().await;
    let users = users(&app, 6).await;
    for _ in 0..4 {
        let target = post(&users[0], "short-lived @nobody #tag").await;
        let said = comment(&users[1], &target, "x").await;
        let deeper = reply(&users[2], &said, "x").await;
        let acts = (0..36).map(|number: usize| {
            let (client, target, said) = (&users[number % 6].client, &target, &said);
            let deeper = &deeper;
            async move {
                match number / 6 {
                    0 => client.call("POST", &of_post(target, "like/")).await,
                    1 => client.call("POST", &of_comment(said, "like/")).await,
                    2 => {
                        let body = json!({ "post": target["id"], "parent": deeper["id"], "text": "x" });
                        client.post("comments/", &body).await
                    }
                    3 => client.post(&of_post(target, "repost/"), &json!({})).await,
                    4 => client.call("POST", &of_post(target, "bookmark/")).await,
                    _ => client.delete(&of_post(target, "")).await,
                }
            }
        });
        for answer in join_all(acts).await {
            assert!(
                matches!(answer.status, 200 | 201 | 204 | 400 | 403 | 404),
                "{answer:?}"
            );
        }
        let left = format!("SELECT count(*) FROM posts WHERE id = {}", id(&target));
        assert_eq!(value::<i64>(&app, &left).await, 0);
    }
    assert_eq!(count(&app, "comments").await + count(&app, "post_likes").await, 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn posts_made_at_once_are_all_counted() {
    let app = start().await;
    let ann = user(&app).await;
    let posts = (0..12).map(|number| post(&ann, if number % 2 == 0 { "a #b" } else { "c" }));
    let made = join_all(posts).await;
    assert_eq!(posts_count(&ann).await, 12);
    let removed = made.iter().take(7).map(|post| {
        let (client, path) = (&ann.client, of_post(post, ""));
        async move { client.delete(&path).await.status }
    });
    for status in join_all(removed).await {
        assert_eq!(status, 204);
    }
    assert_eq!(posts_count(&ann).await, 5);
    app.stop().await;
}
