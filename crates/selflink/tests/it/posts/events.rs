//! What other domains and listeners are told.

use std::time::Duration;

use futures::FutureExt as _;
use platform::{
    App, Domain,
    outbox::{Event, Subscription},
    pubsub::{self, Delivery},
    testing::TestApp,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{block, comment, follow, of_comment, of_post, post, post_for, put, reply};
use crate::support::{TestUser, start, user_called};

/// Where a test listens to events.
const CHANNEL: &str = "test.events";
/// Longest wait for something that happens.
const PATIENCE: Duration = Duration::from_secs(30);

async fn repeat(app: App, event: Event) -> anyhow::Result<()> {
    let message = json!({ "name": event.name, "payload": event.payload });
    app.pubsub().publish(CHANNEL, message.to_string().into()).await?;
    Ok(())
}

/// A domain that says aloud what this one tells.
fn listener() -> Domain {
    let names = [
        "social.post_created",
        "social.post_changed",
        "social.post_deleted",
        "social.post_liked",
        "social.post_unliked",
        "social.post_reposted",
        "social.comment_created",
        "social.comment_changed",
        "social.comment_deleted",
        "social.comment_liked",
        "social.comment_unliked",
        "social.mentioned",
    ];
    let subscriptions = names.map(|event| Subscription {
        event,
        subscriber: "test",
        handle: |app, event| repeat(app, event).boxed(),
    });
    Domain {
        name: "listener",
        settings: Vec::new(),
        routes: Vec::new,
        migrations: Vec::new,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: subscriptions.into(),
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    }
}

async fn next(subscription: &mut pubsub::Subscription) -> Value {
    let delivery = timeout(PATIENCE, subscription.next())
        .await
        .expect("is told in time");
    match delivery {
        Some(Delivery::Message(bytes)) => serde_json::from_slice(&bytes).expect("is JSON"),
        other => panic!("no message: {other:?}"),
    }
}

/// The next events of this domain, by their names: deliveries of one transaction may come in any order.
async fn told(subscription: &mut pubsub::Subscription, count: usize) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    for _ in 0..count {
        let event = next(subscription).await;
        let name = event["name"].as_str().expect("a name").to_owned();
        events.push((
            name.trim_start_matches("social.").to_owned(),
            event["payload"].clone(),
        ));
    }
    events.sort_by(|one, other| one.0.cmp(&other.0));
    events
}

async fn people(app: &TestApp) -> [TestUser; 4] {
    let mut people = Vec::new();
    for handle in ["ann", "bob", "cat", "dan"] {
        people.push(user_called(app, handle).await);
    }
    people.try_into().unwrap_or_else(|_| panic!("four people"))
}

/// The next that is told is this.
async fn hears(heard: &mut pubsub::Subscription, name: &str, payload: &Value) {
    assert_eq!(told(heard, 1).await, [(name.to_owned(), payload.clone())]);
}

#[tokio::test]
async fn each_act_is_told_once() {
    let mut instance = selflink::instance();
    instance.domains.push(listener());
    let app = TestApp::start(instance).await;
    let [ann, bob, cat, dan] = people(&app).await;
    let heard = &mut app.app.pubsub().subscribe(CHANNEL).await.expect("listens");
    let made = post(&ann, "hello").await;
    let created = json!({ "post_id": made["id"], "author_id": ann.id });
    hears(heard, "post_created", &created).await;
    for (method, rest, name) in [
        ("POST", "like/", "post_liked"),
        ("DELETE", "unlike/", "post_unliked"),
    ] {
        // Again changes nothing, and nothing is told.
        for _ in 0..2 {
            bob.client.call(method, &of_post(&made, rest)).await.expect(200);
        }
        let expected = json!({ "post_id": made["id"], "author_id": ann.id, "user_id": bob.id });
        assert_eq!(told(heard, 1).await, [(name.to_owned(), expected)]);
    }
    let said = comment(&bob, &made, "hi").await;
    let about = json!({ "comment_id": said["id"], "post_id": made["id"], "author_id": bob.id });
    hears(heard, "comment_created", &about).await;
    ann.client
        .call("POST", &of_comment(&said, "like/"))
        .await
        .expect(200);
    ann.client
        .call("POST", &of_comment(&said, "unlike/"))
        .await
        .expect(200);
    let mut by_ann = about.clone();
    by_ann["user_id"] = json!(ann.id);
    assert_eq!(
        told(heard, 2).await,
        [
            ("comment_liked".to_owned(), by_ann.clone()),
            ("comment_unliked".to_owned(), by_ann)
        ]
    );
    let change = json!({ "text": "hi!" });
    for _ in 0..2 {
        bob.client
            .patch(&of_comment(&said, ""), &change)
            .await
            .expect(200);
    }
    reply(&cat, &said, "hey").await;
    assert_eq!(
        told(heard, 2).await[0],
        ("comment_changed".to_owned(), about.clone())
    );
    bob.client.delete(&of_comment(&said, "")).await;
    assert_eq!(told(heard, 1).await, [("comment_deleted".to_owned(), about)]);
    let change = json!({ "visibility": "followers" });
    for _ in 0..2 {
        ann.client.patch(&of_post(&made, ""), &change).await.expect(200);
    }
    put(
        &ann,
        &of_post(&made, ""),
        &json!({ "text": "hello", "visibility": "public" }),
    )
    .await
    .expect(200);
    assert_eq!(
        told(heard, 2).await,
        [
            ("post_changed".to_owned(), created.clone()),
            ("post_changed".to_owned(), created.clone())
        ]
    );
    let repost = dan
        .client
        .post(&of_post(&made, "repost/"), &json!({}))
        .await
        .expect(201);
    let expected =
        json!({ "post_id": made["id"], "author_id": ann.id, "repost_id": repost["id"], "user_id": dan.id });
    let repost = json!({ "post_id": repost["id"], "author_id": dan.id });
    assert_eq!(
        told(heard, 2).await,
        [
            ("post_created".to_owned(), repost.clone()),
            ("post_reposted".to_owned(), expected)
        ]
    );
    ann.client.delete(&of_post(&made, "")).await;
    // The plain repost goes with it.
    let mut gone = told(heard, 2).await;
    gone.sort_by_key(|(_, payload)| payload["post_id"].as_i64());
    assert_eq!(
        gone,
        [
            ("post_deleted".to_owned(), created),
            ("post_deleted".to_owned(), repost)
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn those_mentioned_who_may_see_it_are_told_once() {
    let mut instance = selflink::instance();
    instance.domains.push(listener());
    let app = TestApp::start(instance).await;
    let [ann, bob, cat, dan] = people(&app).await;
    follow(&bob, &ann).await;
    block(&dan, &ann).await;
    let heard = &mut app.app.pubsub().subscribe(CHANNEL).await.expect("listens");
    let mentioned = |events: Vec<(String, Value)>| {
        let of = events.into_iter().find(|(name, _)| name == "mentioned");
        of.expect("somebody is told").1
    };
    let text = "@Bob @cat, @dan @ann @nobody a@bob.example";
    let made = post_for(&ann, text, "followers").await;
    assert_eq!(
        made["mentions"],
        json!([
            { "id": ann.id, "handle": "ann" }, { "id": bob.id, "handle": "bob" }, { "id": cat.id, "handle": "cat" },
        ])
    );
    let about = |users: &[i64]| json!({ "post_id": made["id"], "comment_id": null, "author_id": ann.id, "user_ids": users });
    assert_eq!(mentioned(told(heard, 2).await), about(&[bob.id]));
    // Whoever sees it only now is told now.
    ann.client
        .patch(&of_post(&made, ""), &json!({ "visibility": "public" }))
        .await
        .expect(200);
    assert_eq!(mentioned(told(heard, 2).await), about(&[cat.id]));
    ann.client
        .patch(&of_post(&made, ""), &json!({ "text": "@bob @cat again" }))
        .await
        .expect(200);
    assert_eq!(told(heard, 1).await[0].0, "post_changed");
    let said = comment(&bob, &made, "@cat @bob").await;
    assert_eq!(said["mentions"][1]["handle"], "cat");
    let expected =
        json!({ "post_id": made["id"], "comment_id": said["id"], "author_id": bob.id, "user_ids": [cat.id] });
    assert_eq!(mentioned(told(heard, 2).await), expected);
    bob.client
        .patch(&of_comment(&said, ""), &json!({ "text": "@cat @ann" }))
        .await
        .expect(200);
    assert_eq!(mentioned(told(heard, 2).await)["user_ids"], json!([ann.id]));
    app.stop().await;
}

#[tokio::test]
async fn whoever_looks_at_a_public_post_is_told_at_once() {
    let app = start().await;
    let [ann, bob, ..] = people(&app).await;
    let open = post(&ann, "for all").await;
    let closed = post_for(&ann, "for few", "followers").await;
    follow(&bob, &ann).await;
    let listen = async |post: &Value| {
        let channel = format!("post:{}", post["id"]);
        app.app.pubsub().subscribe(&channel).await.expect("listens")
    };
    let (mut of_open, mut of_closed) = (listen(&open).await, listen(&closed).await);
    for post in [&closed, &open] {
        bob.client.call("POST", &of_post(post, "like/")).await.expect(200);
    }
    assert_eq!(
        next(&mut of_open).await,
        json!({ "type": "post.liked", "post_id": open["id"], "like_count": 1 })
    );
    bob.client.delete(&of_post(&open, "unlike/")).await.expect(200);
    assert_eq!(
        next(&mut of_open).await,
        json!({ "type": "post.unliked", "post_id": open["id"], "like_count": 0 })
    );
    comment(&bob, &closed, "x").await;
    let said = comment(&bob, &open, "x").await;
    assert_eq!(
        next(&mut of_open).await,
        json!({ "type": "comment.created", "post_id": open["id"], "comment_id": said["id"], "comment_count": 1 })
    );
    bob.client.delete(&of_comment(&said, "")).await;
    assert_eq!(
        next(&mut of_open).await,
        json!({ "type": "comment.deleted", "post_id": open["id"], "comment_id": said["id"], "comment_count": 0 })
    );
    // What came before on the other post would be here by now.
    assert!(of_closed.next().now_or_never().is_none());
    app.stop().await;
}
