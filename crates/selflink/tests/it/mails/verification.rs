//! Verifying the address of an account, and what an account may do before.

use chrono::Duration;
use platform::testing::TestApp;
use serde_json::{Value, json};

use super::post::{self, VERIFY, all_is_done, mail, mails, reset_token, useless_token};
use crate::{
    cli::Listening,
    support::{execute, start_with, user, value},
    users::statements::sent,
};

const REQUIRED: (&str, &str) = ("EMAIL_VERIFICATION", "required");

fn not_verified() -> Value {
    json!({ "detail": "Verify your e-mail address first.", "code": "email_not_verified" })
}

/// Whether the endpoint is for everybody, or about one's own account and sessions.
fn is_open_to_the_unverified(method: &str, path: &str, operation: &Value) -> bool {
    let is_public = operation["security"] == json!([{}]);
    let own = ["/api/v1/auth/", "/api/v1/me/sessions/", "/api/v1/me/account"];
    is_public
        || own.iter().any(|prefix| path.starts_with(prefix))
        || (method, path) == ("get", "/api/v1/users/me/")
}

#[tokio::test]
async fn before_that_an_account_may_only_manage_itself() {
    let app = start_with(&[REQUIRED]).await;
    let other = user(&app).await;
    let api = app.client().get("/api/schema/?format=json").await.expect(200);
    let (mut open, mut shut) = (0, 0);
    for (path, methods) in api["paths"].as_object().expect("has paths") {
        for (method, operation) in methods.as_object().expect("has methods") {
            // Somebody new each time: some of these end the session.
            let ann = user(&app).await;
            let target = path.replace("{id}", &other.id.to_string());
            let answer = ann.client.call(&method.to_uppercase(), &target).await;
            if is_open_to_the_unverified(method, path, operation) {
                assert_ne!(answer.status, 403, "{method} {path}: {}", answer.text);
                open += 1;
            } else {
                assert_eq!(answer.expect(403), not_verified(), "{method} {path}");
                shut += 1;
            }
        }
    }
    assert!(open > 8 && shut > 8, "{open} open, {shut} shut");
    app.stop().await;
}

#[tokio::test]
async fn the_token_of_the_mail_opens_everything_once() {
    let (app, server) = post::start(&[REQUIRED]).await;
    let ann = user(&app).await;
    ann.client.get("users/").await.expect(403);
    let token = json!({ "token": mail(&server, &ann.email, VERIFY).await.token() });
    // Whoever reads the mail need not be signed in there.
    let verify = app.client().post("auth/email/verify/", &token).await;
    assert_eq!(
        verify.expect(200),
        json!({ "message": "E-mail address verified." })
    );
    ann.client.get("users/").await.expect(200);
    ann.client
        .patch("users/me/", &json!({ "bio": "x" }))
        .await
        .expect(200);
    let again = app.client().post("auth/email/verify/", &token).await;
    assert_eq!(again.expect(400), useless_token());
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_asked_unless_it_is_required() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    ann.client.get("users/").await.expect(200);
    all_is_done(&app).await;
    assert!(server.mails().is_empty());
    // Whoever wants to may verify all the same.
    ann.client
        .call("POST", "auth/email/verify/resend/")
        .await
        .expect(200);
    let token = mail(&server, &ann.email, VERIFY).await.token();
    app.client()
        .post("auth/email/verify/", &json!({ "token": token }))
        .await
        .expect(200);
    app.stop().await;
}

#[tokio::test]
async fn another_mail_can_be_asked_for_but_not_without_end() {
    let (app, server) = post::start(&[REQUIRED, ("ACCOUNT_MAIL_RATE", "2/hour")]).await;
    let ann = user(&app).await;
    for _ in 0..2 {
        ann.client
            .call("POST", "auth/email/verify/resend/")
            .await
            .expect(200);
    }
    let refused = ann.client.call("POST", "auth/email/verify/resend/").await;
    refused.expect(429);
    assert!(
        refused
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|wait| wait > 0)
    );
    // The one of the registration is the third; each of them works.
    let all = mails(&server, &ann.email, VERIFY, 3).await;
    let token = json!({ "token": all[0].token() });
    app.client().post("auth/email/verify/", &token).await.expect(200);
    app.advance(Duration::hours(1));
    let client = ann.client.with_token(&fresh_token(&app, &ann.refresh).await);
    client
        .call("POST", "auth/email/verify/resend/")
        .await
        .expect(if platform::testing::is_postgres() {
            // Redis has a clock of its own.
            429
        } else {
            200
        });
    all_is_done(&app).await;
    // A verified address gets no further mail.
    assert_eq!(server.mails_to(&ann.email).len(), 3);
    app.stop().await;
}

async fn fresh_token(app: &TestApp, refresh: &str) -> String {
    let answer = app
        .client()
        .post("auth/refresh/", &json!({ "refresh": refresh }))
        .await
        .expect(200);
    answer["token"].as_str().expect("is a text").to_owned()
}

#[tokio::test]
async fn a_token_ends_after_three_days_and_is_cleared_away() {
    let (app, server) = post::start(&[REQUIRED]).await;
    let ann = user(&app).await;
    let token = json!({ "token": mail(&server, &ann.email, VERIFY).await.token() });
    app.advance(Duration::days(3));
    let answer = app.client().post("auth/email/verify/", &token).await;
    assert_eq!(answer.expect(400), useless_token());
    let enqueued = app.app.jobs().enqueue_named(
        "identity.purge_sessions",
        json!({}),
        platform::jobs::Enqueue::default(),
    );
    enqueued.await.expect("is enqueued");
    app.advance(Duration::seconds(1));
    all_is_done(&app).await;
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM one_time_tokens").await,
        0
    );
    app.stop().await;
}

#[tokio::test]
async fn a_token_is_good_for_its_purpose_and_its_address_alone() {
    let (app, server) = post::start(&[REQUIRED]).await;
    let ann = user(&app).await;
    let token = mail(&server, &ann.email, VERIFY).await.token();
    let body = json!({ "token": token, "new_password": "An0ther-Passphrase" });
    for path in ["auth/password/reset/confirm/", "auth/email/change/confirm/"] {
        assert_eq!(
            app.client().post(path, &body).await.expect(400),
            useless_token(),
            "{path}"
        );
    }
    execute(
        &app,
        "UPDATE user_pii SET email = 'x@example.com', email_key = 'x@example.com'",
    )
    .await;
    let answer = app.client().post("auth/email/verify/", &body).await;
    assert_eq!(answer.expect(400), useless_token());
    app.stop().await;
}

#[tokio::test]
async fn a_new_password_by_mail_proves_the_address_too() {
    let (app, server) = post::start(&[REQUIRED]).await;
    let ann = user(&app).await;
    let token = reset_token(&app, &server, &ann, 1).await;
    let body = json!({ "token": token, "new_password": "An0ther-Passphrase" });
    app.client()
        .post("auth/password/reset/confirm/", &body)
        .await
        .expect(200);
    let credentials = json!({ "email": ann.email, "password": "An0ther-Passphrase" });
    let answer = app.client().post("auth/login/", &credentials).await.expect(200);
    let token = answer["token"].as_str().expect("is a text");
    app.client().with_token(token).get("users/").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn requests_cost_no_more_where_it_is_required() {
    const ROUTE: &str = "/api/v1/users/me/";
    let app = start_with(&[]).await;
    let ann = user(&app).await;
    let mut costs = Vec::new();
    for setting in ["off", "required"] {
        let variables = app.database().folder().join(".env");
        std::fs::write(variables, format!("EMAIL_VERIFICATION={setting}\n")).expect("is written");
        let program = Listening::start(&app.database(), &["api"]).await;
        let client = program
            .client()
            .with_token(ann.client.token.as_deref().expect("is signed in"));
        client.get("users/me/").await.expect(200);
        costs.push(sent(&client, ROUTE).await);
        client
            .get("users/")
            .await
            .expect(if setting == "off" { 200 } else { 403 });
    }
    assert_eq!(costs[0], costs[1]);
    app.stop().await;
}
