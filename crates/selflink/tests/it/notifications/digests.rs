//! The daily summary.

use ::notifications::Kind;
use chrono::Duration;
use platform::testing::{Mood, TestApp};
use serde_json::json;

use super::{
    builders::{run_job, set, tell, zone_at},
    letters::{start, unsubscribe_path},
};
use crate::{
    mails::post::{all_is_done, mail},
    support::{TestUser, execute, user, user_called, value},
};

const JOB: &str = "notifications.start_digests";

/// Wants a summary, and it is this hour where they live.
async fn reader(app: &TestApp, user: &TestUser, hour: i64) {
    let settings = json!({ "digest_enabled": true, "quiet_hours": { "timezone": zone_at(app, hour) } });
    set(user, settings).await;
}

#[tokio::test]
async fn a_morning_brings_one_summary_of_what_is_unread() {
    let (app, server) = start(&[]).await;
    let (ann, bob) = (user_called(&app, "ann").await, user(&app).await);
    for (kind, key) in [
        (Kind::Like, "a"),
        (Kind::Like, "b"),
        (Kind::Reply, "c"),
        (Kind::Repost, "read"),
    ] {
        tell(&app, kind, &bob, &[&ann], key).await;
    }
    let own = json!({ "type": "made up" });
    ann.client.post("notifications/", &own).await.expect(201);
    let list = ann.client.get("notifications/?type=repost").await.expect(200);
    let path = format!("notifications/{}/", list["results"][0]["id"]);
    ann.client
        .patch(&path, &json!({ "is_read": true }))
        .await
        .expect(200);
    all_is_done(&app).await;
    // Not before: the schedule may start summaries at any time.
    reader(&app, &ann, 9).await;
    for _ in 0..3 {
        run_job(&app, JOB).await;
    }
    let subject = "4 things on SelfLink that you have not seen yet";
    let summary = mail(&server, &ann.email, subject).await;
    assert_eq!(server.mails_to(&ann.email).len(), 1, "one a day");
    let text = summary.text.replace("\r\n", "\n");
    let lines = "While you were away:\n\n2 likes\n1 other notification\n1 answer to your comments\n\n";
    assert!(text.starts_with("Hi @ann,\n\n") && text.contains(lines), "{text}");
    // A day later there is nothing new, and later the same again.
    app.advance(Duration::days(1));
    run_job(&app, JOB).await;
    assert_eq!(server.mails_to(&ann.email).len(), 1);
    tell(&app, Kind::Like, &bob, &[&ann], "d").await;
    app.advance(Duration::days(1) - Duration::minutes(30));
    run_job(&app, JOB).await;
    mail(
        &server,
        &ann.email,
        "One thing on SelfLink that you have not seen yet",
    )
    .await;
    assert_eq!(
        app.client()
            .call("POST", &unsubscribe_path(&summary))
            .await
            .status,
        200
    );
    let wanted = "SELECT count(*) FROM user_settings WHERE digest_enabled";
    assert_eq!(value::<i64>(&app, wanted).await, 0);
    app.stop().await;
}

#[tokio::test]
async fn summaries_go_to_those_who_want_them_in_their_morning() {
    let (app, server) = start(&[]).await;
    let bob = user(&app).await;
    let mut people = Vec::new();
    for _ in 0..6 {
        people.push(user(&app).await);
    }
    let everybody: Vec<&TestUser> = people.iter().collect();
    tell(&app, Kind::Like, &bob, &everybody, "a").await;
    let [early, late, off, silent, inactive, wanted] = everybody[..] else {
        panic!("there are six");
    };
    reader(&app, early, 6).await;
    reader(&app, late, 13).await;
    set(off, json!({ "quiet_hours": { "timezone": zone_at(&app, 9) } })).await;
    set(silent, json!({ "email_enabled": false })).await;
    reader(&app, silent, 9).await;
    set(inactive, json!({ "email_enabled": false })).await;
    reader(&app, inactive, 9).await;
    crate::support::deactivate(&app, inactive.id).await;
    execute(
        &app,
        &format!(
            "UPDATE user_settings SET email_enabled = TRUE WHERE user_id = {}",
            inactive.id
        ),
    )
    .await;
    reader(&app, wanted, 9).await;
    run_job(&app, JOB).await;
    let to: Vec<String> = server.mails().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(to, [wanted.email.as_str()]);
    app.stop().await;
}

#[tokio::test]
async fn a_summary_that_could_not_be_sent_is_sent_later() {
    let (app, server) = start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    server.be(Mood::Refusing(451));
    tell(&app, Kind::Like, &bob, &[&ann], "a").await;
    all_is_done(&app).await;
    reader(&app, &ann, 9).await;
    let jobs = app.app.jobs();
    jobs.enqueue_named(JOB, json!({}), platform::jobs::Enqueue::default())
        .await
        .expect("is enqueued");
    crate::support::eventually("an attempt", async || (server.connections() > 0).then_some(())).await;
    server.be(Mood::Obliging);
    all_is_done(&app).await;
    assert_eq!(server.mails_to(&ann.email).len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn an_account_that_goes_meanwhile_stops_nothing() {
    let (app, server) = start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    tell(&app, Kind::Like, &bob, &[&ann], "a").await;
    all_is_done(&app).await;
    execute(&app, &format!("DELETE FROM users WHERE id = {}", ann.id)).await;
    let payload = json!({ "user_id": ann.id, "day": "2026-05-01" });
    let jobs = app.app.jobs();
    jobs.enqueue_named(
        "notifications.mail_digest",
        payload,
        platform::jobs::Enqueue::default(),
    )
    .await
    .expect("is enqueued");
    all_is_done(&app).await;
    assert!(server.mails().is_empty());
    assert_eq!(jobs.counts().await.expect("are counted").dead, 0);
    app.stop().await;
}
