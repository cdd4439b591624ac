//! The order of the ranked feeds, who sees what in them, and why.

use serde_json::json;

use super::{NONE, follow, ids, items, newest_first, page, post_seen_by, seed_posts, unfollow};
use crate::support::{TestUser, execute, start, user};

/// Likes, comments, by somebody followed, with a video.
type Plan = (i64, i64, bool, bool);

/// The part of the published score that differs between posts of the same age.
fn score((likes, comments, follows, video): Plan, weights: [f64; 4]) -> f64 {
    let part = |count: i64| {
        let count = u32::try_from(count).expect("is small");
        (f64::from(count).ln_1p() / 51_f64.ln()).min(1.0)
    };
    let flag = |is_so: bool| f64::from(u8::from(is_so));
    weights[0] * part(likes)
        + weights[1] * part(2 * comments)
        + weights[2] * flag(follows)
        + weights[3] * flag(video)
}

#[tokio::test]
async fn posts_come_in_the_order_of_the_published_score() {
    let app = start().await;
    let (ann, friend, stranger) = (user(&app).await, user(&app).await, user(&app).await);
    follow(&ann, &friend).await;
    let plans: Vec<Plan> = vec![
        (0, 0, false, true),
        (1, 0, false, true),
        (0, 1, false, true),
        (0, 0, true, true),
        (1, 1, true, true),
        (2, 1, false, true),
        (0, 3, false, true),
        (80, 0, false, true),
        (500, 0, false, true),
        (3, 3, false, true),
        (50, 25, true, true),
        (0, 1, false, false),
        (0, 4, true, false),
    ];
    let mut made = Vec::new();
    for plan in plans {
        let author: &TestUser = if plan.2 { &friend } else { &stranger };
        let id = seed_posts(&app, author.id, 1).await[0];
        let change = format!(
            "UPDATE posts SET like_count = {}, comment_count = {}, has_video = {} WHERE id = {id}",
            plan.0, plan.1, plan.3
        );
        execute(&app, &change).await;
        made.push((id, plan));
    }
    // Of the same age, whoever made them when.
    execute(
        &app,
        &format!(
            "UPDATE posts SET created_at = (SELECT created_at FROM users WHERE id = {})",
            ann.id
        ),
    )
    .await;
    for (feed, weights, videos_only) in [
        ("for_you/?limit=100", [0.25, 0.35, 0.45, 0.05], false),
        ("for_you_videos/?limit=100", [0.40, 0.45, 0.30, 0.15], true),
    ] {
        let mut wanted: Vec<(i64, Plan)> = made
            .iter()
            .copied()
            .filter(|(_, plan)| plan.3 || !videos_only)
            .collect();
        wanted.sort_by(|one, other| {
            let (a, b) = (score(one.1, weights), score(other.1, weights));
            b.total_cmp(&a).then(other.0.cmp(&one.0))
        });
        let wanted: Vec<i64> = wanted.into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids(&page(&ann.client, feed).await), wanted, "{feed}");
    }
    app.stop().await;
}

#[tokio::test]
async fn only_what_the_viewer_may_see_is_in_them() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut posts = Vec::new();
    for visibility in ["public", "followers", "private"] {
        posts.push(post_seen_by(&bob, visibility).await);
    }
    execute(&app, "UPDATE posts SET has_video = TRUE").await;
    for feed in ["for_you/", "for_you_videos/"] {
        let seen = async |viewer: &TestUser| newest_first(ids(&page(&viewer.client, feed).await));
        assert_eq!(seen(&ann).await, [posts[0]], "{feed}");
        follow(&ann, &bob).await;
        assert_eq!(seen(&ann).await, [posts[1], posts[0]], "{feed}");
        unfollow(&ann, &bob).await;
        assert_eq!(seen(&ann).await, [posts[0]], "{feed}");
        assert_eq!(seen(&bob).await, newest_first(posts.clone()), "{feed}");
    }
    let block = format!("users/{}/block/", ann.id);
    bob.client.call("POST", &block).await.expect(200);
    assert_eq!(ids(&page(&ann.client, "for_you/").await), NONE);
    app.stop().await;
}

#[tokio::test]
async fn of_equal_posts_the_newer_comes_first() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = seed_posts(&app, bob.id, 6).await;
    assert_eq!(ids(&page(&ann.client, "for_you/").await), newest_first(posts));
    app.stop().await;
}

#[tokio::test]
async fn it_says_what_a_post_scores_and_why() {
    let app = start().await;
    let (ann, bob, cem) = (user(&app).await, user(&app).await, user(&app).await);
    follow(&ann, &bob).await;
    let (own, followed, liked, plain, old) = (
        seed_posts(&app, ann.id, 1).await[0],
        seed_posts(&app, bob.id, 1).await[0],
        seed_posts(&app, cem.id, 1).await[0],
        seed_posts(&app, cem.id, 1).await[0],
        seed_posts(&app, cem.id, 1).await[0],
    );
    execute(
        &app,
        &format!("UPDATE posts SET comment_count = 3 WHERE id = {followed}"),
    )
    .await;
    execute(
        &app,
        &format!("UPDATE posts SET like_count = 1 WHERE id = {liked}"),
    )
    .await;
    // Posts older than a day, by the time of an account that was made then.
    execute(
        &app,
        &format!("UPDATE posts SET created_at = '2020-01-01 00:00:00+00:00' WHERE id = {old}"),
    )
    .await;
    for path in ["for_you/?explain=true", "for_you/?limit=1&explain=1"] {
        let mut next = Some(format!("feed/{path}"));
        let mut found = std::collections::HashMap::new();
        while let Some(link) = next {
            let page = ann.client.get(&link).await.expect(200);
            for item in items(&page).iter().filter(|item| item["type"] == "post") {
                let explain = &item["explain"];
                let terms = explain["terms"].as_object().expect("is an object");
                let sum: f64 = terms.values().filter_map(serde_json::Value::as_f64).sum();
                assert_eq!(terms.len(), 6);
                assert!((sum - explain["score"].as_f64().expect("a number")).abs() < 1e-9);
                found.insert(item["id"].as_i64().expect("a number"), explain["reason"].clone());
            }
            next = page["next"].as_str().map(str::to_owned);
        }
        let reasons = [own, followed, liked, plain, old].map(|id| found[&id].clone());
        let follow = format!("You follow @{}, and it has 3 comments.", bob.handle);
        let wanted = [
            "You wrote this post.",
            &follow,
            "One person likes it, and it is new.",
            "It is new.",
            "You may not have seen it yet.",
        ];
        assert_eq!(json!(reasons), json!(wanted), "{path}");
    }
    app.stop().await;
}
