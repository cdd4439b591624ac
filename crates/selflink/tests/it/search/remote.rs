//! What OpenSearch is told and asked.

use serde_json::{Value, json};

use super::{fake::FakeOpenSearch, finds, found, post, post_for, profile};
use crate::support::{eventually, start_with, user, user_called, value};

#[tokio::test]
async fn it_holds_what_it_was_promised_and_nothing_else() {
    let remote = FakeOpenSearch::start().await;
    let app = remote.app().await;
    let ann = user_called(&app, "ann").await;
    profile(&ann, json!({ "bio": "likes maps", "birth_place": "Kutaisi" })).await;
    let made = post_for(&ann, "Hello there", "followers").await;
    let document = eventually("the account", async || {
        remote
            .document("users", ann.id)
            .filter(|document| document["bio"] == "likes maps")
    })
    .await;
    let me = ann.client.get("users/me/").await.expect(200);
    assert_eq!(
        document,
        json!({
            "id": ann.id, "name": "Name ann", "handle": "ann", "bio": "likes maps", "locale": "en-US",
            "created_at": me["created_at"],
        })
    );
    let document = eventually("the post", async || remote.document("posts", made)).await;
    let shown = ann.client.get(&format!("posts/{made}/")).await.expect(200);
    assert_eq!(
        document,
        json!({
            "id": made, "text": "Hello there", "author_id": ann.id, "visibility": "followers", "language": "en",
            "created_at": shown["created_at"],
        })
    );
    let kinds = |what: &str| {
        let mapping = remote.mapping(what);
        assert_eq!(mapping["settings"]["index"]["number_of_shards"], 1);
        assert_eq!(mapping["settings"]["index"]["number_of_replicas"], 0);
        mapping["mappings"]["properties"].clone()
    };
    let kind = |kind: &str| json!({ "type": kind });
    assert_eq!(
        kinds("users"),
        json!({ "name": kind("text"), "handle": kind("keyword"), "bio": kind("text"), "locale": kind("keyword") })
    );
    assert_eq!(
        kinds("posts"),
        json!({
            "text": kind("text"), "author_id": kind("long"), "visibility": kind("keyword"), "created_at": kind("date"),
            "language": kind("keyword"),
        })
    );
    assert_eq!(remote.strangers(), 0, "every request has the credentials");
    app.stop().await;
}

#[tokio::test]
async fn it_is_asked_as_agreed() {
    let remote = FakeOpenSearch::start().await;
    let app = remote.app().await;
    let ann = user_called(&app, "ann").await;
    let made = post(&ann, "Hello there").await;
    remote.catches_up(&app, "posts", "posts").await;
    assert_eq!(
        found(&ann.client, "posts", "THERE hello").await,
        [made],
        "all words, in any order"
    );
    let asked: Value = remote.searches().pop().expect("it was asked");
    assert_eq!(
        asked["query"]["bool"]["must"],
        json!([{ "match": { "text": { "query": "THERE hello", "operator": "and" } } }])
    );
    assert_eq!(asked["sort"][0]["created_at"]["order"], "desc");
    found(&ann.client, "users", "@Ann").await;
    let asked: Value = remote.searches().pop().expect("it was asked");
    assert_eq!(
        asked["query"]["bool"]["must"],
        json!([{ "multi_match": { "query": "Ann", "fields": ["name^2", "handle", "bio"] } }])
    );
    let before = remote.searches().len();
    assert_eq!(found(&ann.client, "posts", "#there").await, [0; 0]);
    assert_eq!(remote.searches().len(), before, "hashtags are the database's");
    app.stop().await;
}

#[tokio::test]
async fn wrong_credentials_leave_the_search_to_the_database() {
    let remote = FakeOpenSearch::start().await;
    let mut settings = remote.settings();
    settings.push(("OPENSEARCH_PASSWORD", "wrong".to_owned()));
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let app = start_with(&settings).await;
    let ann = user(&app).await;
    let made = post(&ann, "a lighthouse").await;
    assert_eq!(found(&ann.client, "posts", "lighthouse").await, [made]);
    assert!(remote.strangers() > 0 && remote.ids("posts").is_empty());
    app.stop().await;
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let remote = FakeOpenSearch::start().await;
    let mut settings = remote.settings();
    settings.push(("OPENSEARCH_ENABLED", "false".to_owned()));
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let app = start_with(&settings).await;
    let ann = user(&app).await;
    let made = post(&ann, "a lighthouse").await;
    assert_eq!(found(&ann.client, "posts", "ighthous").await, [made]);
    assert_eq!(remote.requests(), 0);
    app.stop().await;
}

#[tokio::test]
async fn what_is_deleted_leaves_it() {
    let remote = FakeOpenSearch::start().await;
    let app = remote.app().await;
    let (ann, bob) = (user(&app).await, user_called(&app, "leaving_bob").await);
    let (own, theirs) = (post(&ann, "mine").await, post(&bob, "theirs").await);
    remote.catches_up(&app, "posts", "posts").await;
    remote.catches_up(&app, "users", "users").await;
    assert_eq!(found(&ann.client, "posts", "theirs").await, [theirs]);
    let body = json!({ "password": crate::support::PASSWORD });
    bob.client.post("me/account/delete/", &body).await.expect(202);
    eventually("OpenSearch forgetting", async || {
        let is_gone =
            remote.document("users", bob.id).is_none() && remote.document("posts", theirs).is_none();
        (is_gone && value::<i64>(&app, "SELECT count(*) FROM users").await == 1).then_some(())
    })
    .await;
    assert!(remote.document("posts", own).is_some());
    finds(&ann.client, "posts", "theirs", &[]).await;
    app.stop().await;
}

/// What is left in it of something that is gone is passed over.
#[tokio::test]
async fn leftovers_are_no_hits() {
    let remote = FakeOpenSearch::start().await;
    let app = remote.app().await;
    let ann = user(&app).await;
    let made = post(&ann, "a lighthouse").await;
    remote.catches_up(&app, "posts", "posts").await;
    for id in 0..60 {
        let leftover =
            json!({ "id": made + 1 + id, "text": "a lighthouse", "author_id": 5, "visibility": "public" });
        remote.put("posts", made + 1 + id, leftover);
    }
    assert_eq!(
        found(&ann.client, "posts", "lighthouse").await,
        [made],
        "further hits are asked for"
    );
    app.stop().await;
}
