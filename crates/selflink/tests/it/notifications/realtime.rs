//! What connected clients are told.

use std::time::Duration;

use ::notifications::Kind;
use platform::{
    pubsub::{Delivery, Subscription},
    testing::TestApp,
};
use serde_json::{Value, json};

use super::builders::{listed, tell};
use crate::support::{TestUser, start, user, value};

async fn listen(app: &TestApp, user: &TestUser) -> Subscription {
    let channel = format!("user:{}", user.id);
    app.app.pubsub().subscribe(&channel).await.expect("subscribes")
}

async fn next(subscription: &mut Subscription) -> Value {
    let delivery = tokio::time::timeout(Duration::from_mins(1), subscription.next());
    match delivery.await.expect("something comes") {
        Some(Delivery::Message(bytes)) => serde_json::from_slice(&bytes).expect("is JSON"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn clients_hear_of_what_is_new_and_what_is_read() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut heard = listen(&app, &ann).await;
    tell(&app, Kind::Like, &bob, &[&ann], "a").await;
    let message = next(&mut heard).await;
    assert_eq!(
        message,
        json!({ "type": "notification:new", "payload": listed(&ann).await[0] })
    );
    assert!(message["payload"]["id"].is_number());
    let own = ann
        .client
        .post("notifications/", &json!({ "type": "t" }))
        .await
        .expect(201);
    assert_eq!(
        next(&mut heard).await["payload"],
        own,
        "also of what another client of theirs has made"
    );
    let read = |unread: i64| json!({ "type": "notification:read", "payload": { "unread_count": unread } });
    let path = format!("notifications/{}/", own["id"]);
    ann.client
        .patch(&path, &json!({ "is_read": true }))
        .await
        .expect(200);
    assert_eq!(next(&mut heard).await, read(1));
    ann.client
        .call("POST", "notifications/mark-all-read/")
        .await
        .expect(200);
    assert_eq!(next(&mut heard).await, read(0));
    // What changes nothing is not told: what comes next is the next notification.
    ann.client
        .patch(&path, &json!({ "is_read": true }))
        .await
        .expect(200);
    ann.client
        .call("POST", "notifications/mark-all-read/")
        .await
        .expect(200);
    tell(&app, Kind::Like, &bob, &[&ann], "b").await;
    let message = next(&mut heard).await;
    assert_eq!(message["type"], "notification:new");
    let path = format!("notifications/{}/", message["payload"]["id"]);
    assert_eq!(ann.client.delete(&path).await.status, 204);
    assert_eq!(next(&mut heard).await, read(0));
    app.stop().await;
}

#[tokio::test]
async fn what_clients_hear_of_is_stored() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut heard = listen(&app, &ann).await;
    for n in 0..10 {
        tell(&app, Kind::Like, &bob, &[&ann], &n.to_string()).await;
        let id = next(&mut heard).await["payload"]["id"].clone();
        let stored = format!("SELECT count(*) FROM notifications WHERE id = {id}");
        assert_eq!(value::<i64>(&app, &stored).await, 1);
    }
    app.stop().await;
}
