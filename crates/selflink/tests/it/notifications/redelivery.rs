//! Events that come twice, late, or for what is gone; and what a failure of theirs does to requests.

use ::notifications::{Notified, Told};
use identity::{Followed, Unfollowed};
use platform::{id::UserId, testing::TestApp};
use serde_json::json;

use super::builders::{append, happens, listed, only, unread};
use crate::{
    mails::post::all_is_done,
    outbox::all_events_are_delivered,
    support::{eventually, execute, start, user, value},
};

async fn rows(app: &TestApp) -> i64 {
    value(app, "SELECT count(*) FROM notifications WHERE state = 'shown'").await
}

#[tokio::test]
async fn an_event_that_comes_late_does_not_undo_a_later_one() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let followed = Followed {
        follower_id: UserId(bob.id),
        followee_id: UserId(ann.id),
    };
    let unfollowed = Unfollowed {
        follower_id: UserId(bob.id),
        followee_id: UserId(ann.id),
    };
    // As a process that was stopped between commit and delivery leaves it: held back until the later one has been delivered.
    append(&app, &followed).await;
    all_is_done(&app).await;
    assert_eq!(rows(&app).await, 1);
    execute(&app, "DELETE FROM notifications").await;
    execute(&app, "UPDATE notification_counters SET unread = 0").await;
    let late: i64 = app.app.db().ids().next();
    happens(&app, unfollowed.clone()).await;
    let payload = serde_json::to_string(&followed).expect("is JSON");
    execute(
        &app,
        &format!(
            "INSERT INTO outbox (id, name, payload, created_at) \
             VALUES ({late}, 'identity.followed', '{payload}', '2026-01-01T00:00:00+00:00')"
        ),
    )
    .await;
    all_events_are_delivered(&app).await;
    assert!(listed(&ann).await.is_empty(), "the follow was ended after it");
    assert_eq!(unread(&ann).await, 0);
    happens(&app, followed).await;
    assert_eq!(only(&ann).await.0, "follow");
    // And the end that comes late does not take back the follow that came after it.
    let payload = serde_json::to_string(&unfollowed).expect("is JSON");
    execute(
        &app,
        &format!(
            "INSERT INTO outbox (id, name, payload, created_at) \
             VALUES ({late}, 'identity.unfollowed', '{payload}', '2026-01-01T00:00:00+00:00')"
        ),
    )
    .await;
    all_events_are_delivered(&app).await;
    assert_eq!(only(&ann).await.0, "follow");
    assert_eq!(unread(&ann).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn people_who_are_gone_stop_nothing() {
    let app = start().await;
    let ann = user(&app).await;
    for (follower, followee) in [(5, ann.id), (ann.id, 5), (5, 6)] {
        append(
            &app,
            &Followed {
                follower_id: UserId(follower),
                followee_id: UserId(followee),
            },
        )
        .await;
        append(
            &app,
            &Unfollowed {
                follower_id: UserId(follower),
                followee_id: UserId(followee),
            },
        )
        .await;
    }
    append(
        &app,
        &Notified {
            kind: "like".to_owned(),
            notifications: vec![Told {
                id: 5,
                user_id: UserId(6),
                push: true,
                mail: true,
            }],
        },
    )
    .await;
    all_is_done(&app).await;
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM outbox").await, 0);
    assert_eq!(rows(&app).await, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_request_succeeds_though_nobody_can_be_told_of_it() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    execute(
        &app,
        "ALTER TABLE notification_preferences RENAME TO hidden_preferences",
    )
    .await;
    let path = format!("users/{}/follow/", ann.id);
    bob.client.call("POST", &path).await.expect(200);
    eventually("the failure", async || {
        let failed = "SELECT count(*) FROM outbox WHERE attempts > 0 AND last_error <> ''";
        (value::<i64>(&app, failed).await > 0).then_some(())
    })
    .await;
    assert!(listed(&ann).await.is_empty());
    // Once it can be, it is, without anybody's doing.
    execute(
        &app,
        "ALTER TABLE hidden_preferences RENAME TO notification_preferences",
    )
    .await;
    all_events_are_delivered(&app).await;
    assert_eq!(json!(only(&ann).await.1["actor_id"]), json!(bob.id));
    app.stop().await;
}
