//! A push service that is away, busy, or talks nonsense; and processes that end in the middle.

use ::notifications::Kind;
use chrono::Duration;
use platform::testing::TestApp;

use super::{
    builders::{run_job, tell},
    expo::{Expo, Mood, device},
    pushes::in_state,
};
use crate::{
    mails::post::all_is_done,
    support::{TestUser, execute, start_with, user, value},
};

async fn pushed(app: &TestApp, by: &TestUser, to: &TestUser, key: &str) {
    tell(app, Kind::Like, by, &[to], key).await;
    all_is_done(app).await;
}

#[tokio::test]
async fn a_service_that_is_away_or_busy_gets_it_later() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let phone = device(&ann, "phone").await;
    expo.be(Mood::Busy);
    pushed(&app, &bob, &ann, "a").await;
    assert_eq!(in_state(&app, "pending").await, 1);
    run_job(&app, "notifications.send_pushes").await;
    assert_eq!(expo.requests().len(), 1, "not before its time");
    expo.be(Mood::Down);
    app.advance(Duration::seconds(40));
    run_job(&app, "notifications.send_pushes").await;
    assert_eq!(expo.requests().len(), 2);
    expo.be(Mood::Well);
    app.advance(Duration::seconds(70));
    run_job(&app, "notifications.send_pushes").await;
    assert_eq!(in_state(&app, "sent").await, 1);
    assert_eq!(expo.messages_to(&phone).len(), 3);
    app.stop().await;
}

#[tokio::test]
async fn a_device_with_too_many_messages_gets_it_later_and_not_for_ever() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (phone, other) = (device(&ann, "phone").await, device(&ann, "other").await);
    expo.refuse(&phone, "MessageRateExceeded");
    pushed(&app, &bob, &ann, "a").await;
    assert_eq!(
        (in_state(&app, "pending").await, in_state(&app, "sent").await),
        (1, 1)
    );
    for _ in 0..12 {
        app.advance(Duration::hours(2));
        run_job(&app, "notifications.send_pushes").await;
    }
    assert_eq!(
        (expo.messages_to(&phone).len(), expo.messages_to(&other).len()),
        (8, 1)
    );
    assert_eq!(in_state(&app, "failed").await, 1);
    expo.oblige(&phone);
    pushed(&app, &bob, &ann, "b").await;
    assert_eq!(expo.messages_to(&phone).len(), 9);
    app.stop().await;
}

#[tokio::test]
async fn what_is_refused_or_unclear_is_not_sent_twice() {
    let expo = Expo::start().await;
    let app = expo.app(&[("EXPO_PUSH_TIMEOUT_SECONDS", "1")]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let phone = device(&ann, "phone").await;
    for (mood, status) in [
        (Mood::Refusing, "failed"),
        (Mood::Garbled, "unknown"),
        (Mood::Silent, "unknown"),
    ] {
        expo.be(mood);
        execute(&app, "DELETE FROM notification_pushes").await;
        let before = expo.messages().len();
        pushed(&app, &bob, &ann, &format!("{mood:?}")).await;
        assert_eq!(in_state(&app, status).await, 1, "{mood:?}");
        let errors: String = value(&app, "SELECT error FROM notification_pushes").await;
        assert!(!errors.is_empty() && !errors.contains(&phone), "{errors}");
        expo.be(Mood::Well);
        app.advance(Duration::hours(1));
        run_job(&app, "notifications.send_pushes").await;
        assert_eq!(expo.messages().len(), before + 1, "{mood:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_gets_it_later() {
    let settings = [("PUSH_ENABLED", "true"), ("EXPO_PUSH_URL", "http://127.0.0.1:9")];
    let app = start_with(&settings).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    device(&ann, "phone").await;
    pushed(&app, &bob, &ann, "a").await;
    assert_eq!(in_state(&app, "pending").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn what_a_process_that_ended_was_sending_is_not_sent_again() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let phone = device(&ann, "phone").await;
    expo.be(Mood::Busy);
    pushed(&app, &bob, &ann, "a").await;
    execute(&app, "UPDATE notification_pushes SET status = 'sending'").await;
    expo.be(Mood::Well);
    app.advance(Duration::minutes(5));
    for job in ["notifications.send_pushes", "notifications.fetch_receipts"] {
        run_job(&app, job).await;
    }
    assert_eq!(in_state(&app, "sending").await, 1, "it may still be at it");
    app.advance(Duration::minutes(10));
    for job in ["notifications.fetch_receipts", "notifications.send_pushes"] {
        run_job(&app, job).await;
    }
    assert_eq!(in_state(&app, "unknown").await, 1);
    assert_eq!(expo.messages_to(&phone).len(), 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_senders_share_the_work() {
    let expo = Expo::start().await;
    let app = expo.app(&[]).await;
    let bob = user(&app).await;
    expo.be(Mood::Busy);
    let mut people = Vec::new();
    for n in 0..8 {
        let person = user(&app).await;
        device(&person, &format!("d{n}")).await;
        people.push(person);
    }
    let everybody: Vec<&TestUser> = people.iter().collect();
    for n in 0..5 {
        tell(&app, Kind::Like, &bob, &everybody, &n.to_string()).await;
    }
    all_is_done(&app).await;
    expo.be(Mood::Well);
    let before = expo.messages().len();
    app.advance(Duration::minutes(2));
    for _ in 0..6 {
        let jobs = app.app.jobs();
        let name = "notifications.send_pushes";
        jobs.enqueue_named(name, serde_json::json!({}), platform::jobs::Enqueue::default())
            .await
            .expect("is enqueued");
    }
    all_is_done(&app).await;
    assert_eq!(expo.messages().len() - before, 40);
    assert_eq!(in_state(&app, "sent").await, 40);
    app.stop().await;
}
