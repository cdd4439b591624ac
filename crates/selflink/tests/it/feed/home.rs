//! What is in a timeline, and in which order.

use chrono::{Duration, SecondsFormat};
use serde_json::{Value, json};

use super::{follow, ids, items, newest_first, page, post, post_seen_by, seed_posts, settled, walk};
use crate::support::{execute, start, user, value};

const TIMELINES: [&str; 2] = ["home/", "following/"];

#[tokio::test]
async fn it_is_empty_at_first() {
    let app = start().await;
    let ann = user(&app).await;
    for feed in [
        "home/",
        "following/",
        "following_videos/",
        "for_you/",
        "for_you_videos/",
    ] {
        assert_eq!(
            page(&ann.client, feed).await,
            json!({ "items": [], "next": null }),
            "{feed}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn own_posts_are_there_at_once_and_those_of_strangers_never() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut own = Vec::new();
    for visibility in ["public", "followers", "private"] {
        own.push(post_seen_by(&ann, visibility).await);
        post(&bob).await;
        for feed in TIMELINES {
            assert_eq!(ids(&page(&ann.client, feed).await), newest_first(own.clone()));
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn posts_of_followed_people_reach_it_newest_first() {
    let app = start().await;
    let (ann, bob, cem) = (user(&app).await, user(&app).await, user(&app).await);
    let before = [post(&bob).await, post_seen_by(&bob, "followers").await];
    let hidden = post_seen_by(&bob, "private").await;
    follow(&ann, &bob).await;
    follow(&ann, &cem).await;
    settled(&app).await;
    let after = [
        post(&cem).await,
        post_seen_by(&bob, "followers").await,
        post(&ann).await,
    ];
    post_seen_by(&cem, "private").await;
    settled(&app).await;
    let wanted = newest_first([&before[..], &after].concat());
    for feed in TIMELINES {
        let page = page(&ann.client, feed).await;
        assert_eq!(ids(&page), wanted, "{feed}");
        assert!(!ids(&page).contains(&hidden));
        let first = items(&page).last().expect("has posts");
        assert_ne!(first["type"], Value::Null);
    }
    // Nothing private was even written.
    let written: i64 = value(
        &app,
        "SELECT count(*) FROM timeline t JOIN posts p ON p.id = t.post_id WHERE p.visibility = 'private'",
    )
    .await;
    assert_eq!(written, 0);
    app.stop().await;
}

#[tokio::test]
async fn pages_are_as_long_as_is_asked_for() {
    let app = start().await;
    let ann = user(&app).await;
    let all = newest_first(seed_posts(&app, ann.id, 120).await);
    for (path, length) in [
        ("home/", 20),
        ("home/?page_size=3", 3),
        ("home/?page_size=0", 20),
        ("home/?page_size=x", 20),
        ("home/?page_size=1000", 100),
        ("home/?limit=4", 4),
        ("home/?limit=4&page_size=5", 5),
        ("following/", 20),
        ("following/?limit=3", 3),
        ("following/?limit=0", 1),
        ("following/?limit=-3", 1),
        ("following/?limit=nonsense", 20),
        ("following/?limit=", 20),
        ("following/?limit=1000", 100),
        ("following/?page_size=7", 7),
        ("for_you/?limit=6", 6),
        ("for_you/?limit=0", 1),
        ("for_you/?limit=500", 100),
        ("for_you/?page_size=7", 7),
    ] {
        let page = page(&ann.client, path).await;
        assert_eq!(ids(&page), all[..length], "{path}");
        assert!(page["next"].is_string());
    }
    for feed in ["home/?page_size=120", "home/?page_size=7", "following/?limit=50"] {
        assert_eq!(walk(&ann.client, feed).await, all, "{feed}");
    }
    app.stop().await;
}

#[tokio::test]
async fn it_can_be_ordered_and_walked_in_every_order() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = seed_posts(&app, bob.id, 12).await;
    for (id, likes) in posts.iter().zip([3, 0, 7, 7, 0, 1, 2, 0, 9, 3, 3, 0]) {
        execute(
            &app,
            &format!("UPDATE posts SET like_count = {likes} WHERE id = {id}"),
        )
        .await;
    }
    follow(&ann, &bob).await;
    settled(&app).await;
    let own = seed_posts(&app, ann.id, 3).await;
    let all = newest_first([posts, own].concat());
    let scores = |asked: &str| {
        let (client, path) = (
            ann.client.clone(),
            format!("home/?explain=true&page_size=100&ordering={asked}"),
        );
        async move {
            let page = page(&client, &path).await;
            let scores = items(&page).iter().filter(|item| item["type"] == "post");
            let scores: Vec<f64> = scores
                .map(|item| item["explain"]["score"].as_f64().expect("a number"))
                .collect();
            (ids(&page), scores)
        }
    };
    let (best, down) = scores("-score").await;
    assert!(down.is_sorted_by(|one, other| one >= other), "{down:?}");
    let (worst, up) = scores("score").await;
    assert!(up.is_sorted() && up.len() == 15, "{up:?}");
    assert_eq!(
        worst.iter().rev().collect::<Vec<_>>(),
        best.iter().collect::<Vec<_>>()
    );
    for (ordering, wanted) in [
        ("-id", all.clone()),
        ("id", all.iter().rev().copied().collect()),
        ("nonsense", all.clone()),
        ("-score", best),
        ("score", worst),
    ] {
        for size in [1, 4] {
            let path = format!("home/?page_size={size}&ordering={ordering}");
            assert_eq!(walk(&ann.client, &path).await, wanted, "{path}");
        }
    }
    // Times that many posts share.
    for ordering in [
        "created_at",
        "-created_at",
        "-created_at,score",
        "score,-created_at",
        "-score,id",
    ] {
        let path = format!("home/?page_size=4&ordering={ordering}");
        assert_eq!(newest_first(walk(&ann.client, &path).await), all, "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn since_a_moment() {
    let app = start().await;
    let ann = user(&app).await;
    let early = post(&ann).await;
    app.advance(Duration::minutes(2));
    let between = app.app.clock().now() - Duration::minutes(1);
    let late = post(&ann).await;
    let path = |moment: &str| format!("home/?since={moment}");
    let text = between.to_rfc3339_opts(SecondsFormat::Micros, true);
    assert_eq!(ids(&page(&ann.client, &path(&text)).await), [late]);
    assert_eq!(
        ids(&page(&ann.client, &path("2020-01-01T00:00")).await),
        [late, early]
    );
    assert_eq!(ids(&page(&ann.client, &path("")).await), [late, early]);
    assert_eq!(
        ids(&page(&ann.client, "following/?since=nonsense").await),
        [late, early]
    );
    for (moment, message) in [
        ("2999-01-01T00:00:00Z", "Cannot query future timestamps"),
        (
            "yesterday",
            "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
        ),
    ] {
        let refused = ann
            .client
            .get(&format!("feed/{}", path(moment)))
            .await
            .expect(400);
        assert_eq!(refused, json!({ "since": [message] }));
    }
    app.stop().await;
}

#[tokio::test]
async fn videos_of_followed_people_have_a_feed_of_their_own() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = [
        seed_posts(&app, bob.id, 6).await,
        seed_posts(&app, ann.id, 4).await,
    ]
    .concat();
    let videos: Vec<i64> = posts.iter().copied().step_by(2).collect();
    for id in &videos {
        execute(
            &app,
            &format!("UPDATE posts SET has_video = TRUE WHERE id = {id}"),
        )
        .await;
    }
    follow(&ann, &bob).await;
    settled(&app).await;
    let feed = page(&ann.client, "following_videos/?limit=100").await;
    assert_eq!(ids(&feed), newest_first(videos.clone()));
    assert_eq!(items(&feed).len(), videos.len(), "no cards");
    assert_eq!(
        walk(&ann.client, "following_videos/?limit=2").await,
        newest_first(videos)
    );
    app.stop().await;
}

#[tokio::test]
async fn it_says_why() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let own = post(&ann).await;
    let theirs = post(&bob).await;
    follow(&ann, &bob).await;
    settled(&app).await;
    let feed = page(&ann.client, "home/?explain=true").await;
    let explained = |id: i64| {
        let item = items(&feed).iter().find(|item| item["id"] == id);
        item.expect("is there")["explain"].clone()
    };
    assert_eq!(
        explained(own),
        json!({ "score": 1.0, "terms": {}, "reason": "You wrote this post." })
    );
    assert_eq!(
        explained(theirs)["reason"],
        format!("You follow @{}.", bob.handle)
    );
    assert!(explained(theirs)["score"].as_f64().expect("a number") > 0.0);
    let plain = page(&ann.client, "home/").await;
    assert!(items(&plain).iter().all(|item| item.get("explain").is_none()));
    app.stop().await;
}
