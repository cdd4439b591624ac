//! OpenSearch away, slow, or out of its mind: searches go on.

use super::{
    fake::{FakeOpenSearch, Mood},
    finds, found, ids, post, profile, search,
};
use crate::support::{eventually, user};
use serde_json::json;

#[tokio::test]
async fn without_opensearch_the_database_answers() {
    let remote = FakeOpenSearch::start().await;
    let app = remote.app().await;
    let ann = user(&app).await;
    let made = post(&ann, "a lighthouse").await;
    remote.catches_up(&app, "posts", "posts").await;
    for mood in [
        Mood::Failing,
        Mood::Garbled,
        Mood::Silent,
        Mood::Puzzling,
        Mood::Strict,
    ] {
        remote.be(mood);
        for (what, text, expected) in [
            ("posts", "lighthouse", made),
            ("users", ann.handle.as_str(), ann.id),
        ] {
            assert_eq!(found(&ann.client, what, text).await, [expected], "{mood:?}");
            let pages = search(&ann.client, what, &[("q", text), ("page_size", "3")]).await;
            assert_eq!(ids(&pages.expect(200)), [expected], "{mood:?}");
        }
        // What is written meanwhile is found, too.
        let while_away = post(&ann, &format!("an outage of the kind {mood:?}")).await;
        finds(&ann.client, "posts", &format!("kind {mood:?}"), &[while_away]).await;
        remote.be(Mood::Well);
        recovered(
            &remote,
            || async { found(&ann.client, "posts", "lighthouse").await },
            &[made],
        )
        .await;
    }
    // Nothing of it is lost.
    remote.catches_up(&app, "posts", "posts").await;
    app.stop().await;
}

/// Waits until searches are asked of OpenSearch again.
async fn recovered<F: Future<Output = Vec<i64>>>(
    remote: &FakeOpenSearch,
    ask: impl Fn() -> F,
    expected: &[i64],
) {
    let before = remote.searches().len();
    eventually("the recovery", async || {
        assert_eq!(ask().await, expected);
        (remote.searches().len() > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_does_not_answer_is_left_alone_for_a_while() {
    let remote = FakeOpenSearch::start().await;
    let app = remote.app().await;
    let ann = user(&app).await;
    let made = post(&ann, "a lighthouse").await;
    remote.catches_up(&app, "posts", "posts").await;
    remote.be(Mood::Silent);
    let before = remote.requests();
    for _ in 0..50 {
        assert_eq!(found(&ann.client, "posts", "lighthouse").await, [made]);
    }
    let asked = remote.requests() - before;
    assert!(asked < 25, "{asked} requests");
    app.stop().await;
}

#[tokio::test]
async fn a_search_that_it_refuses_does_not_cut_off_others() {
    let remote = FakeOpenSearch::start().await;
    let app = remote.app().await;
    let ann = user(&app).await;
    let made = post(&ann, "a lighthouse").await;
    remote.catches_up(&app, "posts", "posts").await;
    remote.be(Mood::Strict);
    assert_eq!(found(&ann.client, "posts", "lighthouse").await, [made]);
    remote.be(Mood::Well);
    let before = remote.searches().len();
    assert_eq!(found(&ann.client, "posts", "lighthouse").await, [made]);
    assert_eq!(remote.searches().len(), before + 1);
    app.stop().await;
}

#[tokio::test]
async fn what_was_missed_arrives_later() {
    let remote = FakeOpenSearch::start().await;
    remote.be(Mood::Failing);
    let app = remote.app().await;
    let ann = user(&app).await;
    profile(&ann, json!({ "name": "Second Name" })).await;
    let (kept, dropped) = (post(&ann, "kept").await, post(&ann, "dropped").await);
    crate::support::execute(&app, &format!("DELETE FROM posts WHERE id = {dropped}")).await;
    remote.be(Mood::Well);
    remote.catches_up(&app, "posts", "posts").await;
    remote.catches_up(&app, "users", "users").await;
    assert_eq!(remote.ids("posts").into_iter().collect::<Vec<_>>(), [kept]);
    let document = eventually("the document", async || remote.document("users", ann.id)).await;
    assert_eq!(document["name"], "Second Name");
    app.stop().await;
}
