//! Mails about single notifications, and the links that end them.

use ::notifications::Kind;
use chrono::Duration;
use platform::testing::{Mood, ReceivedMail, SmtpFake, TestApp};
use serde_json::json;

use super::builders::{quiet_now, run_job, set, tell, zone_at};
use crate::{
    mails::post::{self, all_is_done, mail},
    support::{TestUser, eventually, execute, start_with, user, user_called, value},
};

const BASE: &str = "https://api.example.org";

pub async fn start(settings: &[(&str, &str)]) -> (TestApp, SmtpFake) {
    let all: Vec<(&str, &str)> = [("PUBLIC_BASE_URL", BASE)]
        .into_iter()
        .chain(settings.iter().copied())
        .collect();
    post::start(&all).await
}

async fn told(app: &TestApp, kind: Kind, by: &TestUser, to: &TestUser, key: &str) {
    tell(app, kind, by, &[to], key).await;
    all_is_done(app).await;
}

/// The path of the link in a mail that ends mails of its kind.
pub fn unsubscribe_path(mail: &ReceivedMail) -> String {
    let line = mail.text.lines().rfind(|line| line.starts_with(BASE));
    line.unwrap_or_else(|| panic!("no link in: {}", mail.text))
        .trim()
        .trim_start_matches(BASE)
        .to_owned()
}

#[tokio::test]
async fn a_follower_is_mailed_once_in_words_of_ours() {
    let (app, server) = start(&[]).await;
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "bob").await);
    let name = json!({ "name": "Buy at https://evil.example" });
    bob.client.patch("users/me/", &name).await.expect(200);
    let path = format!("users/{}/follow/", ann.id);
    bob.client.call("POST", &path).await.expect(200);
    let letter = mail(&server, &ann.email, "@bob follows you now on SelfLink").await;
    assert!(letter.text.starts_with("Hi @ann,"), "{}", letter.text);
    assert!(!letter.raw.contains("evil"), "{}", letter.raw);
    let link = format!("{BASE}{}", unsubscribe_path(&letter));
    assert!(
        letter.html.contains(&format!("<a href=\"{link}\">")),
        "{}",
        letter.html
    );
    let raw = letter.raw.replace("\r\n ", "");
    for header in [
        format!("List-Unsubscribe: <{link}>"),
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click".to_owned(),
    ] {
        assert!(
            raw.lines()
                .any(|line| line.replace(' ', "") == header.replace(' ', "")),
            "{header}: {raw}"
        );
    }
    for method in ["DELETE", "POST", "DELETE", "POST"] {
        bob.client.call(method, &path).await.expect(200);
        all_is_done(&app).await;
    }
    assert_eq!(server.mails_to(&ann.email).len(), 1);
    told(&app, Kind::Like, &bob, &ann, "likes are not mailed unless wanted").await;
    assert_eq!(server.mails_to(&ann.email).len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn who_does_not_want_mails_gets_none() {
    let (app, server) = start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    set(&ann, json!({ "email_enabled": false })).await;
    told(&app, Kind::Mention, &bob, &ann, "switched off").await;
    set(&ann, json!({ "email_enabled": true })).await;
    let change = json!({ "mention": { "email": false } });
    ann.client
        .patch("notifications/preferences/", &change)
        .await
        .expect(200);
    told(&app, Kind::Mention, &bob, &ann, "not of mentions").await;
    ann.client
        .call("POST", &format!("users/{}/mute/", bob.id))
        .await
        .expect(200);
    told(&app, Kind::Follow, &bob, &ann, "not of bob").await;
    assert!(server.mails().is_empty());
    app.stop().await;
}

#[tokio::test]
async fn one_click_ends_mails_of_a_kind() {
    let (app, server) = start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    told(&app, Kind::Mention, &bob, &ann, "a").await;
    let path = unsubscribe_path(&server.mails_to(&ann.email)[0]);
    let stranger = app.client();
    let page = stranger.get(&path).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(page.text.contains("<form method=\"post\">"), "{}", page.text);
    told(&app, Kind::Mention, &bob, &ann, "b").await;
    assert_eq!(
        server.mails_to(&ann.email).len(),
        2,
        "looking at the page ends nothing"
    );
    let form = "application/x-www-form-urlencoded";
    for client in [&stranger, &stranger.with_token("stale")] {
        let ended = client
            .send("POST", &path, form, "List-Unsubscribe=One-Click")
            .await;
        assert_eq!(ended.status, 200, "{}", ended.text);
    }
    told(&app, Kind::Mention, &bob, &ann, "c").await;
    assert_eq!(server.mails_to(&ann.email).len(), 2);
    let preferences = ann.client.get("notifications/preferences/").await.expect(200);
    assert_eq!(
        preferences["mention"],
        json!({ "in_app": true, "push": true, "email": false })
    );
    assert_eq!(preferences["follow"]["email"], true);
    for forged in ["abc", &path[path.len() - 20..path.len() - 1], "%00"] {
        for method in ["GET", "POST"] {
            let path = format!("notifications/unsubscribe/{forged}/");
            assert_eq!(
                stranger.call(method, &path).await.expect(404),
                json!({ "detail": "Not found." })
            );
        }
    }
    // Of an account that is gone there is nothing to end.
    execute(&app, &format!("DELETE FROM users WHERE id = {}", ann.id)).await;
    assert_eq!(stranger.call("POST", &path).await.status, 200);
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_is_away_gets_the_mail_later_and_once() {
    let (app, server) = start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    server.be(Mood::Refusing(451));
    tell(&app, Kind::Mention, &bob, &[&ann], "a").await;
    eventually("an attempt", async || (server.connections() > 0).then_some(())).await;
    server.be(Mood::Obliging);
    all_is_done(&app).await;
    assert_eq!(server.mails_to(&ann.email).len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn mails_of_quiet_hours_and_too_many_mails_wait_for_the_summary() {
    let (app, server) = start(&[("NOTIFICATION_MAILS_PER_HOUR", "2")]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    set(&ann, json!({ "quiet_hours": quiet_now(&app) })).await;
    told(&app, Kind::Mention, &bob, &ann, "quiet").await;
    assert!(server.mails().is_empty());
    set(&ann, json!({ "quiet_hours": { "timezone": zone_at(&app, 15) } })).await;
    for key in ["1", "2", "3"] {
        told(&app, Kind::Mention, &bob, &ann, key).await;
    }
    assert_eq!(server.mails_to(&ann.email).len(), 2);
    let held = "SELECT count(*) FROM notifications WHERE mail_held";
    assert_eq!(value::<i64>(&app, held).await, 2);
    app.advance(Duration::minutes(61));
    told(&app, Kind::Mention, &bob, &ann, "later").await;
    assert_eq!(server.mails_to(&ann.email).len(), 3);
    // In her morning she gets what had to wait, though she has not asked for summaries.
    let zone = zone_at(&app, 9);
    execute(
        &app,
        &format!(
            "UPDATE user_settings SET quiet_hours = '{{\"timezone\": \"{zone}\"}}' WHERE user_id = {}",
            ann.id
        ),
    )
    .await;
    run_job(&app, "notifications.start_digests").await;
    let summary = mail(
        &server,
        &ann.email,
        "2 things on SelfLink that you have not seen yet",
    )
    .await;
    assert!(summary.text.contains("\n2 mentions of you"), "{}", summary.text);
    assert_eq!(value::<i64>(&app, held).await, 0);
    assert_eq!(
        app.client()
            .call("POST", &unsubscribe_path(&summary))
            .await
            .status,
        200
    );
    let wanted = format!(
        "SELECT count(*) FROM user_settings WHERE user_id = {} AND email_enabled",
        ann.id
    );
    assert_eq!(value::<i64>(&app, &wanted).await, 0);
    app.stop().await;
}

#[tokio::test]
async fn addresses_that_nobody_has_proved_get_no_mails_where_they_must_be() {
    let (app, server) = start(&[("EMAIL_VERIFICATION", "required")]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    all_is_done(&app).await;
    let before = server.mails_to(&ann.email).len();
    told(&app, Kind::Mention, &bob, &ann, "a").await;
    assert_eq!(server.mails_to(&ann.email).len(), before);
    execute(
        &app,
        "UPDATE user_pii SET email_verified_at = created_at FROM users WHERE users.id = user_pii.user_id",
    )
    .await;
    told(&app, Kind::Mention, &bob, &ann, "b").await;
    assert_eq!(server.mails_to(&ann.email).len(), before + 1);
    app.stop().await;
}

#[tokio::test]
async fn without_a_mail_server_nothing_breaks() {
    let app = start_with(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    told(&app, Kind::Mention, &bob, &ann, "a").await;
    assert_eq!(app.app.jobs().counts().await.expect("are counted").dead, 0);
    app.stop().await;
}
