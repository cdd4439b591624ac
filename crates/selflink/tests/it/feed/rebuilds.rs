//! Timelines that are built anew.

use futures::future::join_all;
use platform::testing::TestApp;

use super::{crowd, follow, ids, newest_first, page, post, seed_posts, settled, unfollow, walk};
use crate::support::{execute, start, start_with, user, value};

async fn assert_nothing_is_due(app: &TestApp) {
    assert_eq!(
        value::<i64>(app, "SELECT count(*) FROM timeline_requests").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_follows_of_one_at_once_build_one_clean_timeline() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = seed_posts(&app, bob.id, 3).await;
    let path = format!("users/{}/follow/", bob.id);
    for answer in join_all((0..50).map(|_| ann.client.call("POST", &path))).await {
        answer.expect(200);
    }
    settled(&app).await;
    assert_eq!(ids(&page(&ann.client, "home/").await), newest_first(posts));
    assert_nothing_is_due(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_follows_at_once_miss_nobody() {
    let app = start().await;
    let ann = user(&app).await;
    let authors = crowd(&app, &ann, 200).await;
    let mut posts = Vec::new();
    for author in &authors {
        let settings = format!(
            "INSERT INTO user_settings (user_id, quiet_hours) SELECT {author}, quiet_hours FROM user_settings WHERE user_id = {}",
            ann.id
        );
        execute(&app, &settings).await;
        posts.extend(seed_posts(&app, *author, 1).await);
    }
    let follows = authors.iter().map(|author| {
        let (client, path) = (ann.client.clone(), format!("users/{author}/follow/"));
        tokio::spawn(async move { client.call("POST", &path).await })
    });
    for answer in join_all(follows).await {
        answer.expect("does not panic").expect(200);
    }
    settled(&app).await;
    let written: i64 = value(
        &app,
        &format!("SELECT count(*) FROM timeline WHERE user_id = {}", ann.id),
    )
    .await;
    assert_eq!(written, 200);
    assert_eq!(
        walk(&ann.client, "home/?page_size=100").await,
        newest_first(posts)
    );
    assert_nothing_is_due(&app).await;
    app.stop().await;
}

#[tokio::test]
async fn own_posts_stay_and_the_limits_hold() {
    let limits = [("RECO_DEFAULT_LIMIT", "5"), ("RECO_MAX_FOLLOWS", "2")];
    let app = start_with(&limits).await;
    let (ann, one, two, three) = (
        user(&app).await,
        user(&app).await,
        user(&app).await,
        user(&app).await,
    );
    let own = post(&ann).await;
    let of_one = seed_posts(&app, one.id, 4).await;
    let of_two = seed_posts(&app, two.id, 4).await;
    let of_three = seed_posts(&app, three.id, 2).await;
    for author in [&one, &two, &three] {
        follow(&ann, author).await;
        settled(&app).await;
    }
    // The newest five of the two who were followed last.
    let wanted = newest_first([&of_three[..], &of_two[1..], &[own]].concat());
    assert_eq!(ids(&page(&ann.client, "home/").await), wanted);
    unfollow(&ann, &three).await;
    settled(&app).await;
    let wanted = newest_first([&of_one[3..], &of_two[..], &[own]].concat());
    assert_eq!(ids(&page(&ann.client, "home/").await), wanted);
    app.stop().await;
}

#[tokio::test]
async fn much_liked_posts_of_the_last_hours_score_most() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let posts = seed_posts(&app, bob.id, 3).await;
    execute(
        &app,
        &format!("UPDATE posts SET comment_count = 4 WHERE id = {}", posts[0]),
    )
    .await;
    execute(
        &app,
        &format!("UPDATE posts SET like_count = 5 WHERE id = {}", posts[1]),
    )
    .await;
    follow(&ann, &bob).await;
    settled(&app).await;
    let by_score = ids(&page(&ann.client, "home/?ordering=-score").await);
    assert_eq!(by_score, [posts[0], posts[1], posts[2]]);
    // 4 comments and 5 likes: 1 + 3 against 1 + 2.5, of posts of the same age.
    let score = |id: i64| format!("SELECT score FROM timeline WHERE post_id = {id}");
    let (one, two): (f64, f64) = (
        value(&app, &score(posts[0])).await,
        value(&app, &score(posts[1])).await,
    );
    assert!((one / two - 4.0 / 3.5).abs() < 1e-9, "{one} {two}");
    app.stop().await;
}
