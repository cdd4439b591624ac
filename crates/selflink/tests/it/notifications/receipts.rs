//! What becomes of messages that the push service has taken.

use ::notifications::Kind;
use chrono::Duration;
use platform::testing::TestApp;
use serde_json::json;

use super::{
    builders::{run_job, tell},
    expo::{Expo, Mood, device},
    pushes::in_state,
};
use crate::{
    mails::post::all_is_done,
    support::{TestUser, execute, user, value},
};

async fn fetch(app: &TestApp, after: Duration) {
    app.advance(after);
    run_job(app, "notifications.fetch_receipts").await;
}

async fn pushed(app: &TestApp, by: &TestUser, to: &TestUser, key: &str) {
    tell(app, Kind::Like, by, &[to], key).await;
    all_is_done(app).await;
}

async fn devices(app: &TestApp) -> i64 {
    value(app, "SELECT count(*) FROM devices").await
}

#[tokio::test]
async fn receipts_are_fetched_after_a_quarter_of_an_hour() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    device(&ann, "phone").await;
    let lost = device(&ann, "lost").await;
    let renewed = device(&ann, "renewed").await;
    for token in [&lost, &renewed] {
        expo.report(token, "DeviceNotRegistered");
    }
    pushed(&app, &bob, &ann, "a").await;
    fetch(&app, Duration::minutes(10)).await;
    assert_eq!(expo.asked(), [0; 0]);
    let body = json!({ "device_type": "ios", "push_token": renewed });
    // Ten minutes later: the token that a client got at its start still works.
    ann.client.post("devices/", &body).await.expect(200);
    expo.have_receipts_ready(false);
    fetch(&app, Duration::minutes(6)).await;
    assert_eq!((expo.asked(), in_state(&app, "sent").await), (vec![3], 3));
    expo.have_receipts_ready(true);
    fetch(&app, Duration::minutes(16)).await;
    assert_eq!(expo.asked(), [3, 3]);
    assert_eq!(
        (in_state(&app, "delivered").await, in_state(&app, "failed").await),
        (1, 2)
    );
    assert_eq!(devices(&app).await, 2, "the one that came back stays");
    let gone: i64 = value(
        &app,
        &format!("SELECT count(*) FROM devices WHERE push_token = '{lost}'"),
    )
    .await;
    assert_eq!(gone, 0);
    fetch(&app, Duration::hours(1)).await;
    assert_eq!(expo.asked(), [3, 3], "what has an outcome is not asked for again");
    app.stop().await;
}

#[tokio::test]
async fn a_device_that_is_not_registered_is_removed_at_once() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (lost, phone) = (device(&ann, "lost").await, device(&ann, "phone").await);
    expo.refuse(&lost, "DeviceNotRegistered");
    pushed(&app, &bob, &ann, "a").await;
    assert_eq!(devices(&app).await, 1);
    pushed(&app, &bob, &ann, "b").await;
    assert_eq!(
        (expo.messages_to(&lost).len(), expo.messages_to(&phone).len()),
        (1, 2)
    );
    app.stop().await;
}

#[tokio::test]
async fn a_receipt_that_says_too_many_lets_it_be_sent_again() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let phone = device(&ann, "phone").await;
    expo.report(&phone, "MessageRateExceeded");
    pushed(&app, &bob, &ann, "a").await;
    fetch(&app, Duration::minutes(16)).await;
    assert_eq!(in_state(&app, "pending").await, 1);
    app.advance(Duration::minutes(2));
    run_job(&app, "notifications.send_pushes").await;
    assert_eq!(expo.messages_to(&phone).len(), 2);
    expo.report(&phone, "InvalidCredentials");
    fetch(&app, Duration::minutes(16)).await;
    assert_eq!(in_state(&app, "failed").await, 1);
    let error: String = value(&app, "SELECT error FROM notification_pushes").await;
    assert_eq!(error, "InvalidCredentials");
    app.stop().await;
}

#[tokio::test]
async fn receipts_that_never_come_are_given_up_after_a_day() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    device(&ann, "phone").await;
    pushed(&app, &bob, &ann, "a").await;
    expo.be(Mood::Down);
    fetch(&app, Duration::minutes(16)).await;
    assert_eq!(in_state(&app, "sent").await, 1);
    expo.be(Mood::Well);
    expo.have_receipts_ready(false);
    fetch(&app, Duration::hours(24)).await;
    assert_eq!(in_state(&app, "unknown").await, 1);
    fetch(&app, Duration::days(31)).await;
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM notification_pushes").await,
        0
    );
    app.stop().await;
}

#[tokio::test]
async fn a_request_for_receipts_has_a_thousand_tickets_at_most() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    device(&ann, "phone").await;
    pushed(&app, &bob, &ann, "a").await;
    let first = app.app.db().ids().next();
    let rows: Vec<String> = (0..1500)
        .map(|n| {
            format!(
                "SELECT {}, notification_id, user_id, {}, kind, 'sent', due_at, sent_at, 'x{n}' FROM notification_pushes \
                 WHERE ticket = 'ticket-0'",
                first + n,
                first + n
            )
        })
        .collect();
    let columns = "id, notification_id, user_id, device_id, kind, status, due_at, sent_at, ticket";
    for some in rows.chunks(300) {
        execute(
            &app,
            &format!(
                "INSERT INTO notification_pushes ({columns}) {}",
                some.join(" UNION ALL ")
            ),
        )
        .await;
    }
    fetch(&app, Duration::minutes(16)).await;
    let asked = expo.asked();
    assert_eq!(asked.iter().sum::<usize>(), 1501, "{asked:?}");
    assert!(asked.iter().all(|tickets| *tickets <= 1000), "{asked:?}");
    app.stop().await;
}
