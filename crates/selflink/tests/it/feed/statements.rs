//! What a page costs, however long it is.

use super::{follow, ids, page, seed_posts, settled};
use crate::{
    cli::Listening,
    support::{execute, start, user},
    users::statements::sent,
};

#[tokio::test]
async fn a_page_costs_the_same_however_long_it_is() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    seed_posts(&app, bob.id, 120).await;
    seed_posts(&app, ann.id, 120).await;
    execute(&app, "UPDATE posts SET has_video = TRUE").await;
    follow(&ann, &bob).await;
    settled(&app).await;
    let token = ann.client.token.clone().expect("is signed in");
    // A process of its own: metrics are counted by process, and other tests run in this one.
    let program = Listening::start(&app.database(), &["api"]).await;
    let client = program.client().with_token(&token);
    for feed in [
        "home",
        "following",
        "following_videos",
        "for_you",
        "for_you_videos",
    ] {
        let route = format!("/api/v1/feed/{feed}/");
        let mut costs = Vec::new();
        for size in [1, 10, 100] {
            for explain in ["", "&explain=true"] {
                let before = sent(&client, &route).await;
                let first = page(&client, &format!("{feed}/?limit={size}{explain}")).await;
                assert_eq!(ids(&first).len(), size);
                let after_first = sent(&client, &route).await;
                client
                    .get(first["next"].as_str().expect("has more"))
                    .await
                    .expect(200);
                costs.push((after_first - before, sent(&client, &route).await - after_first));
            }
        }
        // Who asks, which posts, and the posts themselves; of a ranked feed's later pages at most one more, where one window
        // goes over into the next.
        let least = costs.iter().map(|cost| cost.0).min().expect("there are some");
        assert!(
            costs.iter().all(|(first, _)| *first == least),
            "{feed}: {costs:?}"
        );
        assert!(
            costs
                .iter()
                .all(|(_, second)| (least..=least + 1).contains(second)),
            "{feed}: {costs:?}"
        );
        println!("{feed}: {costs:?}");
        assert!(least <= 12, "{feed}: {costs:?}");
    }
    app.stop().await;
}
