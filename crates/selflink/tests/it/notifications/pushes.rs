//! Push messages: to whom, in which words, how many at a time.

use ::notifications::{Alert, Kind, Note, Notified, Told, notify};
use platform::{id::UserId, testing::TestApp};
use sea_orm::DbErr;
use serde_json::{Map, json};

use super::{
    builders::{happens, set, tell},
    expo::{Expo, device},
};
use crate::{
    mails::post::all_is_done,
    support::{TestUser, execute, start, user, user_called, value},
};

/// How many pushes are in this state.
pub async fn in_state(app: &TestApp, status: &str) -> i64 {
    value(
        app,
        &format!("SELECT count(*) FROM notification_pushes WHERE status = '{status}'"),
    )
    .await
}

#[tokio::test]
async fn every_device_of_the_owner_gets_a_message_once() {
    let expo = Expo::start().await;
    let app = expo.app(&[("EXPO_ACCESS_TOKEN", "s3cret")]).await;
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "bob").await);
    let (phone, pad) = (device(&ann, "phone").await, device(&ann, "pad").await);
    let others = json!({ "device_type": "web", "push_token": "fcm:not-a-token-of-expo" });
    ann.client.post("devices/", &others).await.expect(201);
    device(&bob, "bobs").await;
    bob.client
        .call("POST", &format!("users/{}/follow/", ann.id))
        .await
        .expect(200);
    all_is_done(&app).await;
    let messages = expo.messages();
    assert_eq!(messages.len(), 2, "{messages:?}");
    let id: i64 = value(&app, "SELECT id FROM notifications").await;
    for token in [&phone, &pad] {
        assert_eq!(
            expo.messages_to(token),
            [json!({
                "to": token, "title": "Name bob", "body": "follows you now", "sound": "default", "badge": 1,
                "channelId": "default",
                "data": { "type": "follow", "notification_id": id, "actor_id": bob.id, "actor_name": "Name bob" },
            })]
        );
    }
    assert_eq!(expo.requests(), [2]);
    assert_eq!(expo.authorizations(), ["Bearer s3cret"]);
    // The same event again, and the same act again.
    let again = Notified {
        kind: "follow".to_owned(),
        notifications: vec![Told {
            id,
            user_id: UserId(ann.id),
            push: true,
            mail: false,
        }],
    };
    happens(&app, again).await;
    for method in ["DELETE", "POST"] {
        bob.client
            .call(method, &format!("users/{}/follow/", ann.id))
            .await
            .expect(200);
        all_is_done(&app).await;
    }
    assert_eq!(expo.requests(), [2]);
    assert_eq!(in_state(&app, "sent").await, 2);
    app.stop().await;
}

#[tokio::test]
async fn a_domain_brings_its_own_words() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let phone = device(&ann, "phone").await;
    let mut data = Map::new();
    data.insert("message_id".to_owned(), json!(7));
    let note = &Note {
        kind: Kind::Message,
        recipients: vec![UserId(ann.id)],
        actor_id: Some(UserId(bob.id)),
        payload: json!({ "thread_id": 5, "sender_id": bob.id }),
        alert: Some(Alert {
            title: "Bob".to_owned(),
            body: "Hello".to_owned(),
            data,
        }),
        key: "message:7".to_owned(),
        subjects: vec!["thread:5".to_owned()],
        revision: 7,
    };
    let told = app.app.db().write(|tx| async move { notify(&tx, note).await });
    assert_eq!(told.await.map_err(|error: DbErr| error.to_string()), Ok(1));
    all_is_done(&app).await;
    let message = expo.messages_to(&phone).remove(0);
    assert_eq!(
        json!([message["title"], message["body"]]),
        json!(["Bob", "Hello"])
    );
    let id: i64 = value(&app, "SELECT id FROM notifications").await;
    assert_eq!(
        message["data"],
        json!({ "type": "message:new", "notification_id": id, "message_id": 7 })
    );
    app.stop().await;
}

#[tokio::test]
async fn a_request_has_a_hundred_messages_at_most() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let first = app.app.db().ids().next();
    let rows: Vec<String> = (0..230)
        .map(|n| {
            let at = "2026-01-01T00:00:00+00:00";
            format!(
                "({}, {}, 'ios', 'ExpoPushToken[{n}]', '{at}', '{at}')",
                first + n,
                ann.id
            )
        })
        .collect();
    let columns = "id, user_id, device_type, push_token, last_seen, created_at";
    execute(
        &app,
        &format!("INSERT INTO devices ({columns}) VALUES {}", rows.join(", ")),
    )
    .await;
    tell(&app, Kind::Like, &bob, &[&ann], "a").await;
    all_is_done(&app).await;
    let requests = expo.requests();
    assert_eq!(requests.iter().sum::<usize>(), 230, "{requests:?}");
    assert!(requests.iter().all(|messages| *messages <= 100), "{requests:?}");
    for n in 0..230 {
        assert_eq!(expo.messages_to(&format!("ExpoPushToken[{n}]")).len(), 1);
    }
    app.stop().await;
}

#[tokio::test]
async fn devices_of_several_projects_get_requests_of_their_own() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for name in ["a", "b", "c", "d", "e"] {
        let token = device(&ann, name).await;
        if name > "c" {
            expo.assign(&token, "@selflink/other");
        }
    }
    tell(&app, Kind::Like, &bob, &[&ann], "a").await;
    all_is_done(&app).await;
    let mut requests = expo.requests();
    requests.sort_unstable();
    assert_eq!(requests, [2, 3, 5]);
    assert_eq!(in_state(&app, "sent").await, 5);
    app.stop().await;
}

async fn quietly(app: &TestApp, bob: &TestUser, ann: &TestUser, key: &str) {
    tell(app, Kind::Like, bob, &[ann], key).await;
    all_is_done(app).await;
}

#[tokio::test]
async fn who_does_not_want_pushes_gets_none() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let phone = device(&ann, "phone").await;
    set(&ann, json!({ "push_enabled": false })).await;
    quietly(&app, &bob, &ann, "switched off").await;
    set(&ann, json!({ "push_enabled": true })).await;
    let change = |push: bool| json!({ "like": { "push": push } });
    let preferences = "notifications/preferences/";
    ann.client.patch(preferences, &change(false)).await.expect(200);
    quietly(&app, &bob, &ann, "not of likes").await;
    ann.client.patch(preferences, &change(true)).await.expect(200);
    ann.client
        .call("POST", &format!("users/{}/mute/", bob.id))
        .await
        .expect(200);
    quietly(&app, &bob, &ann, "not of bob").await;
    ann.client
        .delete(&format!("users/{}/mute/", bob.id))
        .await
        .expect(200);
    set(
        &ann,
        json!({ "quiet_hours": { "start": "00:00", "end": "23:59" } }),
    )
    .await;
    quietly(&app, &bob, &ann, "never").await;
    set(&ann, json!({ "quiet_hours": {} })).await;
    assert_eq!(expo.requests(), [0; 0]);
    assert_eq!(
        super::builders::listed(&ann).await.len(),
        4,
        "all are in the list"
    );
    quietly(&app, &bob, &ann, "now").await;
    assert_eq!(expo.messages_to(&phone).len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn a_device_that_went_to_somebody_else_gets_nothing_of_its_former_owner() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let phone = device(&ann, "phone").await;
    set(&ann, json!({ "quiet_hours": super::builders::quiet_now(&app) })).await;
    quietly(&app, &bob, &ann, "a").await;
    device(&bob, "phone").await;
    app.advance(chrono::Duration::hours(2));
    super::builders::run_job(&app, "notifications.send_pushes").await;
    assert_eq!(expo.messages_to(&phone).len(), 0);
    assert_eq!(in_state(&app, "dropped").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn an_instance_in_development_calls_nobody() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    device(&ann, "phone").await;
    quietly(&app, &bob, &ann, "a").await;
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM notification_pushes").await,
        0
    );
    app.stop().await;
}
