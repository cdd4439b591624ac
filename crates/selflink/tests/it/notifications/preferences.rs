//! Who wants to be told of what.

use ::notifications::Kind;
use futures::future::join_all;
use serde_json::json;

use super::builders::{listed, tell, unread};
use crate::support::{start, user, value};

const PREFERENCES: &str = "notifications/preferences/";

#[tokio::test]
async fn defaults_stand_until_they_are_changed() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let defaults = ann.client.get(PREFERENCES).await.expect(200);
    let kinds: Vec<&String> = defaults.as_object().expect("is an object").keys().collect();
    assert_eq!(
        kinds,
        [
            "comment",
            "follow",
            "like",
            "mention",
            "message:new",
            "moderation",
            "reply",
            "repost"
        ]
    );
    assert_eq!(
        defaults["like"],
        json!({ "in_app": true, "push": true, "email": false })
    );
    assert_eq!(
        defaults["mention"],
        json!({ "in_app": true, "push": true, "email": true })
    );
    let change = json!({ "like": { "push": false }, "nonsense": { "push": false }, "follow": {} });
    let changed = ann.client.patch(PREFERENCES, &change).await.expect(200);
    assert_eq!(
        changed["like"],
        json!({ "in_app": true, "push": false, "email": false })
    );
    assert_eq!(changed["follow"], defaults["follow"]);
    let change = json!({ "like": { "email": "yes" }, "message:new": { "push": 0, "in_app": true } });
    let changed = ann.client.patch(PREFERENCES, &change).await.expect(200);
    assert_eq!(
        changed["like"],
        json!({ "in_app": true, "push": false, "email": true })
    );
    assert_eq!(
        changed["message:new"],
        json!({ "in_app": true, "push": false, "email": false })
    );
    assert_eq!(ann.client.get(PREFERENCES).await.expect(200), changed);
    assert_eq!(bob.client.get(PREFERENCES).await.expect(200), defaults);
    let form = ann
        .client
        .send(
            "PATCH",
            PREFERENCES,
            "application/x-www-form-urlencoded",
            "message%3Anew.push=on",
        )
        .await;
    assert_eq!(form.expect(200)["message:new"]["push"], true);
    app.stop().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_whole() {
    let app = start().await;
    let ann = user(&app).await;
    let change = json!({
        "like": { "push": "maybe" }, "follow": 5, "mention": null,
        "message:new": { "in_app": false }, "reply": { "push": false },
    });
    assert_eq!(
        ann.client.patch(PREFERENCES, &change).await.expect(400),
        json!({
            "like": { "push": ["Must be a valid boolean."] },
            "follow": { "non_field_errors": ["Invalid data. Expected a dictionary, but got int."] },
            "mention": ["This field may not be null."],
            "message:new": { "in_app": ["These are always in the list."] },
        })
    );
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM notification_preferences").await,
        0
    );
    assert_eq!(ann.client.delete(PREFERENCES).await.status, 405);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_once_do_not_undo_each_other() {
    let app = start().await;
    let ann = user(&app).await;
    let changes =
        ["in_app", "push", "email"].map(|way| json!({ "like": { way: false }, "reply": { way: false } }));
    join_all(
        changes
            .iter()
            .map(|change| async { ann.client.patch(PREFERENCES, change).await.expect(200) }),
    )
    .await;
    let all = ann.client.get(PREFERENCES).await.expect(200);
    for kind in ["like", "reply"] {
        assert_eq!(
            all[kind],
            json!({ "in_app": false, "push": false, "email": false })
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_not_wanted_in_the_list_is_not_there_nor_counted() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let change = json!({ "like": { "in_app": false }, "repost": { "in_app": false, "push": false } });
    ann.client.patch(PREFERENCES, &change).await.expect(200);
    assert_eq!(tell(&app, Kind::Like, &bob, &[&ann], "a").await, 1, "by push");
    assert_eq!(tell(&app, Kind::Repost, &bob, &[&ann], "b").await, 0, "by no way");
    assert_eq!(tell(&app, Kind::Message, &bob, &[&ann], "c").await, 1);
    let list = listed(&ann).await;
    assert_eq!(list.len(), 1);
    assert_eq!(
        (list[0]["type"].as_str(), unread(&ann).await),
        (Some("message:new"), 1)
    );
    ann.client
        .call("POST", "notifications/mark-all-read/")
        .await
        .expect(200);
    assert_eq!(unread(&ann).await, 0);
    let hidden: i64 = value(&app, "SELECT id FROM notifications WHERE state = 'hidden'").await;
    for method in ["GET", "DELETE"] {
        ann.client
            .call(method, &format!("notifications/{hidden}/"))
            .await
            .expect(404);
    }
    app.stop().await;
}
