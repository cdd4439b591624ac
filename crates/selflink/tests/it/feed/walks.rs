//! Walks while things change: every post that was there at the start once, and nothing twice.

use std::collections::HashSet;

use super::{follow, newest_first, post, seed_posts, settled, walk, walk_with};
use crate::support::{execute, start, user};

#[tokio::test]
async fn timelines_stay_whole_while_posts_arrive() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = [
        seed_posts(&app, bob.id, 9).await,
        seed_posts(&app, ann.id, 4).await,
    ]
    .concat();
    follow(&ann, &bob).await;
    settled(&app).await;
    for path in [
        "home/?page_size=2",
        "following/?limit=3",
        "home/?page_size=3&ordering=-created_at",
    ] {
        let before: HashSet<i64> = walk(&ann.client, path).await.into_iter().collect();
        assert!(before.is_superset(&posts.iter().copied().collect()));
        let mut turn = 0;
        let seen = walk_with(&ann.client, path, async || {
            turn += 1;
            if turn < 4 {
                post(&bob).await;
                post(&ann).await;
                settled(&app).await;
            }
        })
        .await;
        let once: HashSet<i64> = seen.iter().copied().collect();
        assert_eq!((once.len(), &once), (seen.len(), &before), "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn ranked_feeds_reach_every_post_once_whatever_happens_meanwhile() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    // Three windows and a bit.
    let posts = seed_posts(&app, bob.id, 330).await;
    execute(&app, "UPDATE posts SET has_video = TRUE, like_count = id % 50").await;
    for path in [
        "for_you/?limit=9",
        "for_you/?limit=100",
        "for_you_videos/?limit=33",
    ] {
        let seen = walk(&ann.client, path).await;
        assert_eq!(newest_first(seen.clone()), newest_first(posts.clone()), "{path}");
        assert_eq!(seen, walk(&ann.client, path).await);
    }
    let mut turn = 0_usize;
    let seen = walk_with(&ann.client, "for_you/?limit=7", async || {
        turn += 1;
        if turn.is_multiple_of(5) && turn < 30 {
            let new = seed_posts(&app, bob.id, 2).await[0];
            let liked = posts[(turn * 7) % posts.len()];
            execute(
                &app,
                &format!("UPDATE posts SET like_count = 1000 WHERE id IN ({new}, {liked})"),
            )
            .await;
        }
    })
    .await;
    let once: HashSet<i64> = seen.iter().copied().collect();
    assert_eq!(once.len(), seen.len(), "nothing twice");
    assert_eq!(
        once,
        posts.iter().copied().collect(),
        "nothing left out, and nothing that is newer than the walk"
    );
    app.stop().await;
}

#[tokio::test]
async fn posts_that_go_meanwhile_are_passed_over_and_pages_stay_full() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = seed_posts(&app, bob.id, 40).await;
    let first = ann.client.get("feed/for_you/?limit=5").await.expect(200);
    let seen = super::ids(&first);
    let left: Vec<i64> = posts.iter().copied().filter(|id| !seen.contains(id)).collect();
    for (n, id) in left.iter().enumerate().filter(|(n, _)| n % 2 == 0) {
        let change = match n % 4 {
            0 => format!("DELETE FROM posts WHERE id = {id}"),
            _ => format!("UPDATE posts SET visibility = 'followers' WHERE id = {id}"),
        };
        execute(&app, &change).await;
    }
    let next = first["next"].as_str().expect("has more");
    let second = ann.client.get(next).await.expect(200);
    assert_eq!(super::ids(&second).len(), 5);
    let mut rest = super::ids(&second);
    rest.extend(
        walk(
            &ann.client,
            second["next"]
                .as_str()
                .expect("has more")
                .split_once("/feed/")
                .expect("is a feed")
                .1,
        )
        .await,
    );
    let wanted: Vec<i64> = left.iter().copied().skip(1).step_by(2).collect();
    assert_eq!(newest_first(rest), newest_first(wanted));
    app.stop().await;
}
