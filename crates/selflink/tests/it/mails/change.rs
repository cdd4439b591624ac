//! Changing the address of an account.

use chrono::Duration;
use platform::testing::{Answer, TestApp};
use serde_json::json;

use super::post::{self, NEW_ADDRESS, NOTICE, TAKEN, all_is_done, mail, reset_token, sign_in, useless_token};
use crate::support::{PASSWORD, TestUser, user, value};

async fn ask(user: &TestUser, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD });
    user.client.post("auth/email/change/", &body).await
}

async fn confirm(app: &TestApp, token: &str) -> Answer {
    app.client()
        .post("auth/email/change/confirm/", &json!({ "token": token }))
        .await
}

fn answer() -> serde_json::Value {
    json!({ "message": "A mail with further steps is on its way to the new address." })
}

#[tokio::test]
async fn the_new_address_confirms_and_the_old_one_is_told() {
    let (app, server) = post::start(&[("EMAIL_VERIFICATION", "required")]).await;
    let ann = user(&app).await;
    assert_eq!(ask(&ann, "New.Ann@EXAMPLE.org").await.expect(200), answer());
    let token = mail(&server, "New.Ann@example.org", NEW_ADDRESS).await.token();
    let notice = mail(&server, &ann.email, NOTICE).await;
    assert!(!notice.text.contains("example.org"), "{}", notice.text);
    // Until then nothing changes.
    assert_eq!(sign_in(&app, &ann.email, PASSWORD).await, 200);
    assert_eq!(
        confirm(&app, &token).await.expect(200),
        json!({ "message": "E-mail address changed." })
    );
    assert_eq!(sign_in(&app, &ann.email, PASSWORD).await, 400);
    assert_eq!(sign_in(&app, "new.ann@example.org", PASSWORD).await, 200);
    assert_eq!(
        ann.client.get("users/me/").await.expect(200)["email"],
        "New.Ann@example.org"
    );
    // The change has proved the address.
    ann.client.get("users/").await.expect(200);
    assert_eq!(confirm(&app, &token).await.expect(400), useless_token());
    app.stop().await;
}

#[tokio::test]
async fn whether_an_address_is_taken_only_its_owner_learns() {
    let (app, server) = post::start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    assert_eq!(ask(&ann, &bob.email.to_uppercase()).await.expect(200), answer());
    let told = mail(
        &server,
        &bob.email.to_uppercase().replace("EXAMPLE.COM", "example.com"),
        TAKEN,
    )
    .await;
    assert!(!told.text.contains(&ann.handle), "{}", told.text);
    all_is_done(&app).await;
    assert!(!server.mails().iter().any(|mail| mail.subject == NEW_ADDRESS));
    assert_eq!(sign_in(&app, &ann.email, PASSWORD).await, 200);
    app.stop().await;
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_refused() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    ask(&ann, "meanwhile@example.com").await.expect(200);
    let token = mail(&server, "meanwhile@example.com", NEW_ADDRESS).await.token();
    crate::support::user_called(&app, "meanwhile").await;
    assert_eq!(
        confirm(&app, &token).await.expect(400),
        json!({ "email": ["user with this email already exists."] })
    );
    assert_eq!(sign_in(&app, &ann.email, PASSWORD).await, 200);
    app.stop().await;
}

#[tokio::test]
async fn of_two_accounts_that_want_an_address_one_gets_it() {
    let (app, server) = post::start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for account in [&ann, &bob] {
        ask(account, "both@example.com").await.expect(200);
    }
    let mails = post::mails(&server, "both@example.com", NEW_ADDRESS, 2).await;
    let (first, second) = (mails[0].token(), mails[1].token());
    let (first, second) = tokio::join!(confirm(&app, &first), confirm(&app, &second));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{} {}", first.text, second.text);
    let owners = "SELECT count(*) FROM user_pii WHERE email_key = 'both@example.com'";
    assert_eq!(value::<i64>(&app, owners).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn a_token_works_once_also_when_it_comes_twice_at_once() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    ask(&ann, "once@example.com").await.expect(200);
    let token = mail(&server, "once@example.com", NEW_ADDRESS).await.token();
    let (first, second) = tokio::join!(confirm(&app, &token), confirm(&app, &token));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    app.stop().await;
}

#[tokio::test]
async fn a_change_needs_the_password_and_a_usable_address() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    let bad = json!({ "email": "new@example.com", "password": "wrong-password" });
    let refused = ann.client.post("auth/email/change/", &bad).await.expect(400);
    assert_eq!(refused, json!({ "password": ["The password is not right."] }));
    let refused = ask(&ann, "nowhere").await.expect(400);
    assert_eq!(refused, json!({ "email": ["Enter a valid email address."] }));
    all_is_done(&app).await;
    assert!(server.mails().is_empty());
    app.stop().await;
}

#[tokio::test]
async fn a_request_ends_after_a_day_and_with_a_new_password() {
    let (app, server) = post::start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    ask(&ann, "taken-back@example.com").await.expect(200);
    let token = mail(&server, "taken-back@example.com", NEW_ADDRESS).await.token();
    let body = json!({ "current_password": PASSWORD, "new_password": "An0ther-Passphrase" });
    ann.client.post("auth/password/change/", &body).await.expect(200);
    assert_eq!(confirm(&app, &token).await.expect(400), useless_token());

    ask(&bob, "late@example.com").await.expect(200);
    let token = mail(&server, "late@example.com", NEW_ADDRESS).await.token();
    app.advance(Duration::days(1));
    assert_eq!(confirm(&app, &token).await.expect(400), useless_token());
    app.stop().await;
}

#[tokio::test]
async fn what_was_mailed_to_the_old_address_ends_with_it() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    let reset = reset_token(&app, &server, &ann, 1).await;
    ask(&ann, "moved@example.com").await.expect(200);
    let token = mail(&server, "moved@example.com", NEW_ADDRESS).await.token();
    confirm(&app, &token).await.expect(200);
    let body = json!({ "token": reset, "new_password": "An0ther-Passphrase" });
    let answer = app.client().post("auth/password/reset/confirm/", &body).await;
    assert_eq!(answer.expect(400), useless_token());
    app.stop().await;
}

#[tokio::test]
async fn nobodys_mailbox_is_flooded() {
    let (app, server) = post::start(&[("ACCOUNT_MAIL_RATE", "2/hour")]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for account in [&ann, &bob] {
        for _ in 0..2 {
            ask(account, "flood@example.com").await.expect(200);
        }
        ask(account, "flood@example.com").await.expect(429);
    }
    all_is_done(&app).await;
    assert_eq!(server.mails_to("flood@example.com").len(), 2);
    app.stop().await;
}
