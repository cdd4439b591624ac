//! The way of posts into timelines: deletions, changes, races, and authors whom very many follow.

use platform::{id::UserId, testing::TestApp};
use sea_orm::DbErr;

use super::{
    NONE, follow, followed_by_crowd, ids, newest_first, page, post, post_seen_by, seed_posts, settled,
    unfollow, walk,
};
use crate::support::{execute, start, start_with, user, value};

/// How many timelines a post is in.
async fn entries(app: &TestApp, post: i64) -> i64 {
    value(
        app,
        &format!("SELECT count(*) FROM timeline WHERE post_id = {post}"),
    )
    .await
}

#[tokio::test]
async fn it_reaches_every_follower_in_several_batches() {
    let app = start().await;
    let ann = user(&app).await;
    followed_by_crowd(&app, &ann, 2345).await;
    let public = post(&ann).await;
    let private = post_seen_by(&ann, "private").await;
    settled(&app).await;
    assert_eq!(
        (entries(&app, public).await, entries(&app, private).await),
        (2345, 0)
    );
    // Delivered again, it changes nothing.
    execute(
        &app,
        &format!("DELETE FROM timeline WHERE post_id = {public} AND user_id % 2 = 0"),
    )
    .await;
    changed_again(&app, public, ann.id).await;
    settled(&app).await;
    assert_eq!(entries(&app, public).await, 2345);
    app.stop().await;
}

/// Says once more that a post changed.
async fn changed_again(app: &TestApp, post: i64, author: i64) {
    let event = &::social::PostChanged {
        post_id: post,
        author_id: UserId(author),
    };
    let written: Result<(), DbErr> = app
        .app
        .db()
        .write(|tx| async move { tx.append(event).await })
        .await;
    written.expect("is written");
}

#[tokio::test]
async fn what_becomes_visible_reaches_followers_and_what_becomes_private_goes() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    follow(&bob, &ann).await;
    settled(&app).await;
    let post = post_seen_by(&ann, "private").await;
    settled(&app).await;
    assert_eq!(ids(&page(&bob.client, "home/").await), NONE);
    for (visibility, is_seen) in [("followers", true), ("private", false), ("public", true)] {
        execute(
            &app,
            &format!("UPDATE posts SET visibility = '{visibility}' WHERE id = {post}"),
        )
        .await;
        changed_again(&app, post, ann.id).await;
        settled(&app).await;
        let wanted: Vec<i64> = is_seen.then_some(post).into_iter().collect();
        for feed in ["home/", "following/", "for_you/"] {
            assert_eq!(ids(&page(&bob.client, feed).await), wanted, "{visibility} {feed}");
        }
        assert_eq!(ids(&page(&ann.client, "home/").await), [post]);
    }
    // What moderation takes away only its author sees.
    execute(
        &app,
        &format!("UPDATE posts SET removed_at = created_at WHERE id = {post}"),
    )
    .await;
    assert_eq!(ids(&page(&bob.client, "home/").await), NONE);
    assert_eq!(ids(&page(&ann.client, "home/").await), [post]);
    app.stop().await;
}

#[tokio::test]
async fn hidden_entries_do_not_shorten_pages() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = seed_posts(&app, bob.id, 30).await;
    follow(&ann, &bob).await;
    settled(&app).await;
    let (hidden, shown): (Vec<i64>, Vec<i64>) = posts.iter().partition(|id| *id % 3 == 0);
    for id in &hidden {
        execute(
            &app,
            &format!("UPDATE posts SET visibility = 'private' WHERE id = {id}"),
        )
        .await;
    }
    let first = page(&ann.client, "home/?page_size=5").await;
    assert_eq!(ids(&first), newest_first(shown.clone())[..5]);
    assert_eq!(walk(&ann.client, "home/?page_size=5").await, newest_first(shown));
    app.stop().await;
}

#[tokio::test]
async fn a_deleted_post_is_gone_from_every_timeline_at_once() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    follow(&bob, &ann).await;
    settled(&app).await;
    let (kept, gone) = (post(&ann).await, post(&ann).await);
    settled(&app).await;
    execute(&app, &format!("DELETE FROM posts WHERE id = {gone}")).await;
    for client in [&ann.client, &bob.client] {
        assert_eq!(ids(&page(client, "home/").await), [kept]);
    }
    assert_eq!(entries(&app, gone).await, 0);
    app.stop().await;
}

#[tokio::test]
async fn an_unfollow_counts_at_once_and_so_does_a_block() {
    let app = start().await;
    let (ann, bob, cem) = (user(&app).await, user(&app).await, user(&app).await);
    follow(&ann, &bob).await;
    follow(&ann, &cem).await;
    let of_bob = post(&bob).await;
    let of_cem = post(&cem).await;
    settled(&app).await;
    assert_eq!(
        ids(&page(&ann.client, "home/").await),
        newest_first(vec![of_bob, of_cem])
    );
    unfollow(&ann, &bob).await;
    assert_eq!(ids(&page(&ann.client, "home/").await), [of_cem]);
    let block = format!("users/{}/block/", ann.id);
    cem.client.call("POST", &block).await.expect(200);
    for feed in ["home/", "following/"] {
        assert_eq!(ids(&page(&ann.client, feed).await), NONE, "{feed}");
    }
    assert_eq!(ids(&page(&ann.client, "for_you/").await), [of_bob]);
    settled(&app).await;
    let left: i64 = value(&app, "SELECT count(*) FROM timeline").await;
    assert_eq!(left, 0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_unfollows_amid_posts_sees_none_and_whoever_follows_sees_all() {
    let app = start().await;
    let (ann, goes, comes, stays) = (
        user(&app).await,
        user(&app).await,
        user(&app).await,
        user(&app).await,
    );
    followed_by_crowd(&app, &ann, 1500).await;
    follow(&goes, &ann).await;
    follow(&stays, &ann).await;
    settled(&app).await;
    let posts = async {
        let mut posts = Vec::new();
        for _ in 0..12 {
            posts.push(post(&ann).await);
        }
        posts
    };
    let changes = async {
        for _ in 0..4 {
            tokio::join!(unfollow(&goes, &ann), follow(&comes, &ann));
            tokio::join!(follow(&goes, &ann), unfollow(&comes, &ann));
        }
        tokio::join!(unfollow(&goes, &ann), follow(&comes, &ann));
        ids(&page(&goes.client, "home/").await)
    };
    let (posts, seen_by_who_left) = tokio::join!(posts, changes);
    assert_eq!(seen_by_who_left, NONE);
    settled(&app).await;
    assert_eq!(ids(&page(&goes.client, "home/").await), NONE);
    for client in [&comes.client, &stays.client] {
        assert_eq!(ids(&page(client, "home/").await), newest_first(posts.clone()));
    }
    app.stop().await;
}

#[tokio::test]
async fn posts_of_authors_with_very_many_followers_are_looked_up() {
    let app = start_with(&[("FEED_FANOUT_LIMIT", "2")]).await;
    let (ann, bob, star) = (user(&app).await, user(&app).await, user(&app).await);
    follow(&ann, &star).await;
    follow(&ann, &bob).await;
    settled(&app).await;
    // Handed out while few follow.
    let early = post(&star).await;
    settled(&app).await;
    assert_eq!(entries(&app, early).await, 1);
    followed_by_crowd(&app, &star, 2).await;
    let late = [post(&star).await, post_seen_by(&star, "followers").await];
    post_seen_by(&star, "private").await;
    let of_bob = post(&bob).await;
    let own = post(&ann).await;
    settled(&app).await;
    assert_eq!(
        (entries(&app, late[0]).await, entries(&app, late[1]).await),
        (0, 0)
    );
    let wanted = newest_first(vec![early, late[0], late[1], of_bob, own]);
    assert_eq!(ids(&page(&ann.client, "home/").await), wanted);
    for path in [
        "home/?page_size=1",
        "following/?limit=2",
        "home/?page_size=2&ordering=-created_at",
    ] {
        assert_eq!(walk(&ann.client, path).await, wanted, "{path}");
    }
    // Somebody new has them too, by the rebuild and by looking up, and each once.
    let new = user(&app).await;
    follow(&new, &star).await;
    settled(&app).await;
    let latest = post(&star).await;
    settled(&app).await;
    let wanted = newest_first(vec![early, late[0], late[1], latest]);
    assert_eq!(walk(&new.client, "home/?page_size=3").await, wanted);
    assert_eq!(
        walk(&new.client, "home/?page_size=3&ordering=score").await.len(),
        4
    );
    unfollow(&new, &star).await;
    assert_eq!(ids(&page(&new.client, "home/").await), NONE);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn accounts_that_are_deleted_amid_a_fan_out_do_not_stop_it() {
    let app = start().await;
    let ann = user(&app).await;
    let crowd = followed_by_crowd(&app, &ann, 600).await;
    let bob = user(&app).await;
    follow(&bob, &ann).await;
    settled(&app).await;
    let posts = async {
        let mut posts = Vec::new();
        for _ in 0..5 {
            posts.push(post(&ann).await);
        }
        posts
    };
    let deletions = async {
        for id in &crowd[..100] {
            execute(&app, &format!("DELETE FROM users WHERE id = {id}")).await;
        }
    };
    let (posts, ()) = tokio::join!(posts, deletions);
    settled(&app).await;
    for post in posts {
        assert_eq!(entries(&app, post).await, 501);
    }
    app.stop().await;
}

#[tokio::test]
async fn timelines_can_be_rebuilt_by_hand() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    follow(&ann, &bob).await;
    settled(&app).await;
    let posts = seed_posts(&app, bob.id, 3).await;
    assert_eq!(ids(&page(&ann.client, "home/").await), NONE);
    let database = app.database();
    let rebuild = async |arguments: &[&str]| crate::cli::run(&database, arguments).await;
    let id = ann.id.to_string();
    let printed = rebuild(&["rebuild-timelines", "--user", &id]).await.succeeded();
    assert!(
        printed.contains(&format!("Rebuilt the timeline of {id}.")),
        "{printed}"
    );
    assert_eq!(
        ids(&page(&ann.client, "home/").await),
        newest_first(posts.clone())
    );
    execute(&app, "DELETE FROM timeline").await;
    let printed = rebuild(&["rebuild-timelines"]).await.succeeded();
    assert!(printed.contains("Rebuilt 2 timelines."), "{printed}");
    assert_eq!(ids(&page(&ann.client, "home/").await), newest_first(posts));
    let complaint = rebuild(&["rebuild-timelines", "--user", "7"]).await.failed(1);
    assert!(complaint.contains("there is no user 7"), "{complaint}");
    app.stop().await;
}
