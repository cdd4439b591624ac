//! Push messages that wait for the end of quiet hours.

use ::notifications::Kind;
use chrono::Duration;
use serde_json::json;

use super::{
    builders::{listed, quiet_now, run_job, set, tell},
    expo::{Expo, device},
    pushes::in_state,
};
use crate::{
    mails::post::all_is_done,
    support::{execute, user, value},
};

#[tokio::test]
async fn what_came_in_quiet_hours_is_told_in_one_message_after_them() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob, eve) = (user(&app).await, user(&app).await, user(&app).await);
    let (phone, pad) = (device(&ann, "phone").await, device(&ann, "pad").await);
    let eves = device(&eve, "eves").await;
    for sleeper in [&ann, &eve] {
        set(sleeper, json!({ "quiet_hours": quiet_now(&app) })).await;
    }
    for (kind, key) in [(Kind::Like, "a"), (Kind::Like, "b"), (Kind::Follow, "c")] {
        tell(&app, kind, &bob, &[&ann], key).await;
    }
    tell(&app, Kind::Mention, &bob, &[&eve], "d").await;
    all_is_done(&app).await;
    assert_eq!(expo.requests(), [0; 0]);
    assert_eq!(listed(&ann).await.len(), 3, "the list does not wait");
    app.advance(Duration::minutes(30));
    run_job(&app, "notifications.send_pushes").await;
    assert_eq!(expo.requests(), [0; 0], "it is still quiet");
    app.advance(Duration::minutes(35));
    run_job(&app, "notifications.send_pushes").await;
    for token in [&phone, &pad] {
        let messages = expo.messages_to(token);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!(
            json!([
                messages[0]["title"],
                messages[0]["body"],
                messages[0]["badge"],
                messages[0]["data"]
            ]),
            json!([
                "3 notifications", "1 new follower, 2 likes", 3,
                { "type": "notification:summary", "counts": { "follow": 1, "like": 2 } },
            ])
        );
    }
    let single = expo.messages_to(&eves);
    assert_eq!(single.len(), 1);
    assert_eq!(
        single[0]["body"], "mentioned you in a post: Hello",
        "one alone speaks for itself"
    );
    assert_eq!(in_state(&app, "sent").await, 7);
    run_job(&app, "notifications.send_pushes").await;
    assert_eq!(expo.messages().len(), 3);
    app.stop().await;
}

#[tokio::test]
async fn what_is_of_no_use_any_more_is_not_sent() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob, eve) = (user(&app).await, user(&app).await, user(&app).await);
    device(&ann, "phone").await;
    set(&ann, json!({ "quiet_hours": quiet_now(&app) })).await;
    tell(&app, Kind::Like, &bob, &[&ann], "read").await;
    all_is_done(&app).await;
    ann.client
        .call("POST", "notifications/mark-all-read/")
        .await
        .expect(200);
    eve.client
        .call("POST", &format!("users/{}/follow/", ann.id))
        .await
        .expect(200);
    all_is_done(&app).await;
    eve.client
        .delete(&format!("users/{}/follow/", ann.id))
        .await
        .expect(200);
    tell(&app, Kind::Mention, &eve, &[&ann], "blocked").await;
    all_is_done(&app).await;
    ann.client
        .call("POST", &format!("users/{}/block/", eve.id))
        .await
        .expect(200);
    all_is_done(&app).await;
    assert_eq!(in_state(&app, "pending").await, 3);
    app.advance(Duration::minutes(65));
    run_job(&app, "notifications.send_pushes").await;
    assert_eq!(expo.requests(), [0; 0]);
    assert_eq!(in_state(&app, "dropped").await, 3);
    app.stop().await;
}

#[tokio::test]
async fn the_schedule_sends_what_has_waited() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let phone = device(&ann, "phone").await;
    set(&ann, json!({ "quiet_hours": quiet_now(&app) })).await;
    tell(&app, Kind::Like, &bob, &[&ann], "a").await;
    all_is_done(&app).await;
    app.advance(Duration::minutes(65));
    crate::support::eventually("the message", async || {
        (!expo.messages_to(&phone).is_empty()).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn a_summary_is_one_also_when_more_wait_than_a_request_holds() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let phone = device(&ann, "phone").await;
    set(&ann, json!({ "quiet_hours": quiet_now(&app) })).await;
    for n in 0..130 {
        tell(&app, Kind::Like, &bob, &[&ann], &n.to_string()).await;
    }
    all_is_done(&app).await;
    assert_eq!(in_state(&app, "pending").await, 130);
    app.advance(Duration::minutes(65));
    run_job(&app, "notifications.send_pushes").await;
    let messages = expo.messages_to(&phone);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["title"], "130 notifications");
    // With the notifications go the rows of their pushes.
    execute(&app, "DELETE FROM notifications").await;
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM notification_pushes").await,
        0
    );
    app.stop().await;
}
