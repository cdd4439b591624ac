//! Setting a new password by mail.

use chrono::Duration;
use platform::testing::{Answer, TestApp};
use serde_json::{Value, json};

use crate::{
    cli::Listening,
    mails::post::{self, CHANGED, RESET, all_is_done, mail, reset_token, sign_in, useless_token},
    support::{PASSWORD, deactivate, execute, start, user},
    users::statements::sent,
};

const NEW: &str = "An0ther-Passphrase";

async fn ask(app: &TestApp, email: &str) -> Answer {
    app.client()
        .post("auth/password/reset/", &json!({ "email": email }))
        .await
}

async fn confirm(app: &TestApp, token: &str, new: &str) -> Answer {
    let body = json!({ "token": token, "new_password": new });
    app.client().post("auth/password/reset/confirm/", &body).await
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    assert_eq!(sign_in(&app, &ann.email, PASSWORD).await, 200);
    // The case of the address does not matter.
    ask(&app, &ann.email.to_uppercase()).await.expect(200);
    let token = mail(&server, &ann.email, RESET).await.token();
    assert_eq!(
        confirm(&app, &token, NEW).await.expect(200),
        json!({ "message": "Password changed. Sign in with the new one." })
    );
    ann.client.get("users/me/").await.expect(401);
    let refresh = json!({ "refresh": ann.refresh });
    app.client().post("auth/refresh/", &refresh).await.expect(401);
    assert_eq!(sign_in(&app, &ann.email, PASSWORD).await, 400);
    assert_eq!(sign_in(&app, &ann.email, NEW).await, 200);
    mail(&server, &ann.email, CHANGED).await;
    app.stop().await;
}

#[tokio::test]
async fn an_account_of_a_provider_gets_a_password() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    execute(&app, "UPDATE users SET password = '!'").await;
    let token = reset_token(&app, &server, &ann, 1).await;
    confirm(&app, &token, NEW).await.expect(200);
    assert_eq!(sign_in(&app, &ann.email, NEW).await, 200);
    app.stop().await;
}

#[tokio::test]
async fn a_token_works_once_for_an_hour_and_ends_with_the_others() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    let first = reset_token(&app, &server, &ann, 1).await;
    let second = reset_token(&app, &server, &ann, 2).await;
    assert_ne!(first, second);
    // A password that is too short does not use it up.
    confirm(&app, &first, "short").await.expect(400);
    confirm(&app, &first, NEW).await.expect(200);
    for token in [first.as_str(), &second, &"0".repeat(64), "x", "é"] {
        assert_eq!(
            confirm(&app, token, NEW).await.expect(400),
            useless_token(),
            "{token}"
        );
    }
    let third = reset_token(&app, &server, &ann, 3).await;
    app.advance(Duration::hours(1));
    assert_eq!(confirm(&app, &third, NEW).await.expect(400), useless_token());
    app.stop().await;
}

#[tokio::test]
async fn of_two_confirmations_at_once_one_counts() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    let token = reset_token(&app, &server, &ann, 1).await;
    let (first, second) = tokio::join!(
        confirm(&app, &token, "First-Passphrase"),
        confirm(&app, &token, "Second-Passphrase")
    );
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{} {}", first.text, second.text);
    let winner = if first.status == 200 {
        "First-Passphrase"
    } else {
        "Second-Passphrase"
    };
    assert_eq!(sign_in(&app, &ann.email, winner).await, 200);
    app.stop().await;
}

#[tokio::test]
async fn no_session_of_the_old_password_survives() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    let token = reset_token(&app, &server, &ann, 1).await;
    let credentials = json!({ "email": ann.email, "password": PASSWORD });
    let sign_ins = (0..8).map(|_| async { app.client().post("auth/login/", &credentials).await });
    let (answers, reset) = tokio::join!(futures::future::join_all(sign_ins), confirm(&app, &token, NEW));
    reset.expect(200);
    for answer in answers {
        if answer.status == 200 {
            let answer = answer.json();
            let client = app
                .client()
                .with_token(answer["token"].as_str().expect("is a text"));
            client.get("users/me/").await.expect(401);
        } else {
            answer.expect(400);
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_deactivated_account_gets_no_mail_and_no_password() {
    let (app, server) = post::start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let token = reset_token(&app, &server, &ann, 1).await;
    for id in [ann.id, bob.id] {
        deactivate(&app, id).await;
    }
    assert_eq!(confirm(&app, &token, NEW).await.expect(400), useless_token());
    ask(&app, &bob.email).await.expect(200);
    all_is_done(&app).await;
    assert!(server.mails_to(&bob.email).is_empty());
    app.stop().await;
}

#[tokio::test]
async fn an_unknown_address_cannot_be_told_from_a_known_one() {
    const ROUTE: &str = "/api/v1/auth/password/reset/";
    let app = start().await;
    let (ann, gone) = (user(&app).await, user(&app).await);
    deactivate(&app, gone.id).await;
    // A process of its own: metrics are counted by process, and other tests run in this one.
    let program = Listening::start(&app.database(), &["api"]).await;
    let client = program.client();
    let mut costs = Vec::new();
    for email in [ann.email.as_str(), &gone.email, "nobody@example.com"] {
        let before = sent(&client, ROUTE).await;
        let answer = client
            .post("auth/password/reset/", &json!({ "email": email }))
            .await;
        assert_eq!(
            answer.expect(200),
            json!({ "message": "If an account has this address, a mail with further steps is on its way." })
        );
        costs.push(sent(&client, ROUTE).await - before);
    }
    assert!(
        costs[0] > 0 && costs.iter().all(|cost| *cost == costs[0]),
        "{costs:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn nobodys_mailbox_is_flooded() {
    let (app, server) = post::start(&[("ACCOUNT_MAIL_RATE", "3/hour")]).await;
    let ann = user(&app).await;
    let mut bodies: Vec<Value> = Vec::new();
    for _ in 0..5 {
        bodies.push(ask(&app, &ann.email).await.expect(200));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "who asks is not told");
    all_is_done(&app).await;
    assert_eq!(server.mails_to(&ann.email).len(), 3);
    app.stop().await;
}

#[tokio::test]
async fn nobody_asks_for_everybody() {
    let app = crate::support::start_with(&[("PASSWORD_RESET_ADDRESS_RATE", "3/hour")]).await;
    let client = app.client().with_header("x-forwarded-for", "203.0.113.1");
    for (n, status) in [200, 200, 200, 429].into_iter().enumerate() {
        let body = json!({ "email": format!("n{n}@example.com") });
        client.post("auth/password/reset/", &body).await.expect(status);
    }
    let other = app.client().with_header("x-forwarded-for", "203.0.113.2");
    let body = json!({ "email": "n9@example.com" });
    other.post("auth/password/reset/", &body).await.expect(200);
    app.stop().await;
}
