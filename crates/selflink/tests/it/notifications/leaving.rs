//! What is kept for how long, what people get a copy of, and what goes with an account.

use ::notifications::Kind;
use chrono::Duration;
use futures::future::join_all;
use serde_json::json;

use super::builders::{listed, run_job, tell, unread};
use crate::{
    mails::post::all_is_done,
    support::{PASSWORD, eventually, execute, start, user, value},
};

#[tokio::test]
async fn what_was_read_long_ago_is_removed() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for key in ["read", "unread", "withdrawn"] {
        tell(&app, Kind::Like, &bob, &[&ann], key).await;
    }
    all_is_done(&app).await;
    execute(
        &app,
        "UPDATE notifications SET state = 'withdrawn' WHERE event_key = 'withdrawn'",
    )
    .await;
    execute(
        &app,
        "UPDATE notifications SET is_read = TRUE WHERE event_key = 'read'",
    )
    .await;
    execute(&app, "UPDATE notification_counters SET unread = 1").await;
    let kept = async || value::<i64>(&app, "SELECT count(*) FROM notifications").await;
    run_job(&app, "notifications.purge").await;
    assert_eq!(kept().await, 3);
    app.advance(Duration::days(89));
    run_job(&app, "notifications.purge").await;
    assert_eq!(kept().await, 3);
    app.advance(Duration::days(2));
    run_job(&app, "notifications.purge").await;
    assert_eq!(kept().await, 1, "what is unread stays");
    let key: String = value(&app, "SELECT event_key FROM notifications").await;
    assert_eq!(key, "unread");
    assert_eq!(
        value::<i64>(&app, "SELECT unread FROM notification_counters").await,
        1
    );
    app.stop().await;
}

#[tokio::test]
async fn the_copy_holds_what_one_was_told() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    tell(&app, Kind::Like, &bob, &[&ann], "a").await;
    let change = json!({ "like": { "push": false } });
    ann.client
        .patch("notifications/preferences/", &change)
        .await
        .expect(200);
    ann.client.call("POST", "me/export/").await.expect(202);
    let url = eventually("the copy", async || {
        let answer = ann.client.get("me/export/").await.expect(200);
        answer["url"].as_str().map(str::to_owned)
    });
    let copy = ann.client.get(&url.await).await.expect(200);
    let own = &copy["notifications"];
    assert_eq!(
        json!([
            own["notifications"][0]["type"],
            own["notifications"][0]["payload"]["text"]
        ]),
        json!(["like", "Hello"])
    );
    assert_eq!(own["preferences"][0]["kind"], "like");
    app.stop().await;
}

#[tokio::test]
async fn with_an_account_goes_what_others_were_told_of_it() {
    let app = start().await;
    let (ann, bob, eve) = (user(&app).await, user(&app).await, user(&app).await);
    tell(&app, Kind::Like, &bob, &[&ann, &eve], "a").await;
    tell(&app, Kind::Like, &bob, &[&ann], "read").await;
    ann.client
        .call("POST", "notifications/mark-all-read/")
        .await
        .expect(200);
    tell(&app, Kind::Like, &bob, &[&ann], "b").await;
    tell(&app, Kind::Like, &eve, &[&ann, &bob], "c").await;
    all_is_done(&app).await;
    let leave = json!({ "password": PASSWORD });
    bob.client.post("me/account/delete/", &leave).await.expect(202);
    // Meanwhile it goes on acting, as far as events that were on their way tell.
    let keys: Vec<String> = (0..10).map(|n| format!("late{n}")).collect();
    let both = [&ann, &eve];
    join_all(keys.iter().map(|key| tell(&app, Kind::Like, &bob, &both, key))).await;
    eventually("the deletion", async || {
        let left = format!("SELECT count(*) FROM users WHERE id = {}", bob.id);
        (value::<i64>(&app, &left).await == 0).then_some(())
    })
    .await;
    all_is_done(&app).await;
    let of_bob = format!(
        "SELECT count(*) FROM notifications WHERE actor_id = {0} OR user_id = {0}",
        bob.id
    );
    assert_eq!(value::<i64>(&app, &of_bob).await, 0);
    assert_eq!((listed(&ann).await.len(), unread(&ann).await), (1, 1));
    assert_eq!((listed(&eve).await.len(), unread(&eve).await), (0, 0));
    for table in [
        "notification_counters",
        "notification_preferences",
        "notification_pushes",
    ] {
        let count = format!("SELECT count(*) FROM {table} WHERE user_id = {}", bob.id);
        assert_eq!(value::<i64>(&app, &count).await, 0, "{table}");
    }
    app.stop().await;
}
