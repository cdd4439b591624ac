//! Guessing passwords: how often, and that nobody is locked out by it.

use platform::testing::{Answer, Client, TestApp};
use serde_json::json;

use crate::{
    mails::post::{self, reset_token},
    support::{PASSWORD, TestUser, start_with, user},
};

const WRONG: &str = "wrong-password";

/// A client behind a proxy on this machine.
fn from(app: &TestApp, address: &str) -> Client {
    app.client().with_header("x-forwarded-for", address)
}

async fn sign_in(app: &TestApp, address: &str, email: &str, password: &str) -> Answer {
    let credentials = json!({ "email": email, "password": password });
    from(app, address).post("auth/login/", &credentials).await
}

/// The statuses of this many attempts from an address, one after the other.
async fn statuses(app: &TestApp, address: &str, email: &str, password: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(sign_in(app, address, email, password).await.status);
    }
    statuses
}

#[tokio::test]
async fn an_address_guesses_at_an_account_so_often() {
    let app = start_with(&[("SIGN_IN_PAIR_RATE", "3/min")]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let here = "203.0.113.1";
    assert_eq!(
        statuses(&app, here, &ann.email, WRONG, 5).await,
        [400, 400, 400, 429, 429]
    );
    let refused = sign_in(&app, here, &ann.email.to_uppercase(), PASSWORD).await;
    let wait: u64 = refused.header("retry-after").parse().expect("is a number");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(
        refused.expect(429),
        json!({ "detail": format!("Request was throttled. Expected available in {wait} second{}.", if wait == 1 { "" } else { "s" }) })
    );
    // Neither another address nor another account is concerned.
    sign_in(&app, "203.0.113.2", &ann.email, PASSWORD)
        .await
        .expect(200);
    sign_in(&app, here, &bob.email, PASSWORD).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn whoever_knows_the_password_is_not_counted() {
    let rates = [
        ("SIGN_IN_PAIR_RATE", "2/min"),
        ("SIGN_IN_ADDRESS_RATE", "2/min"),
        ("SIGN_IN_ACCOUNT_RATE", "2/min"),
    ];
    let app = start_with(&rates).await;
    let ann = user(&app).await;
    assert_eq!(
        statuses(&app, "203.0.113.1", &ann.email, PASSWORD, 6).await,
        [200; 6]
    );
    // One that is right gives back itself alone, not the wrong ones before it.
    assert_eq!(statuses(&app, "203.0.113.1", &ann.email, WRONG, 1).await, [400]);
    assert_eq!(
        statuses(&app, "203.0.113.1", &ann.email, PASSWORD, 3).await,
        [200; 3]
    );
    assert_eq!(
        statuses(&app, "203.0.113.1", &ann.email, WRONG, 2).await,
        [400, 429]
    );
    app.stop().await;
}

#[tokio::test]
async fn an_unknown_account_is_counted_like_a_known_one() {
    let rates = [("SIGN_IN_PAIR_RATE", "2/min"), ("SIGN_IN_ACCOUNT_RATE", "3/hour")];
    let app = start_with(&rates).await;
    let ann = user(&app).await;
    let mut seen = Vec::new();
    for email in [ann.email.as_str(), "nobody@example.com"] {
        let mut answers = Vec::new();
        for address in [
            "203.0.113.1",
            "203.0.113.1",
            "203.0.113.1",
            "203.0.113.2",
            "203.0.113.3",
        ] {
            let answer = sign_in(&app, address, email, WRONG).await;
            // The seconds of the waiting time go by meanwhile.
            let text: String = answer
                .text
                .chars()
                .filter(|character| !character.is_ascii_digit())
                .collect();
            answers.push((answer.status, text.replace("seconds", "second")));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    let statuses: Vec<u16> = seen[0].iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [400, 400, 429, 400, 429]);
    app.stop().await;
}

#[tokio::test]
async fn an_address_guesses_at_all_accounts_together_so_often() {
    let app = start_with(&[("SIGN_IN_ADDRESS_RATE", "3/min")]).await;
    // Of IPv6 a provider gives one customer 64 bits.
    let mut outcomes = Vec::new();
    for n in 0..4 {
        let address = format!("2001:db8:0:1::{n}");
        outcomes.push(
            sign_in(&app, &address, &format!("n{n}@example.com"), WRONG)
                .await
                .status,
        );
    }
    assert_eq!(outcomes, [400, 400, 400, 429]);
    assert_eq!(
        sign_in(&app, "2001:db8:0:2::1", "n0@example.com", WRONG)
            .await
            .status,
        400
    );
    app.stop().await;
}

/// A user who registered from there.
async fn user_at(app: &TestApp, address: &str) -> TestUser {
    let ann = user(app).await;
    sign_in(app, address, &ann.email, PASSWORD).await.expect(200);
    ann
}

#[tokio::test]
async fn strangers_who_guess_do_not_keep_the_owner_out() {
    let app = start_with(&[("SIGN_IN_ACCOUNT_RATE", "5/hour")]).await;
    let home = "2001:db8:0:7::1";
    let ann = user_at(&app, home).await;
    let mut outcomes = Vec::new();
    for n in 0..8 {
        outcomes.push(
            sign_in(&app, &format!("203.0.113.{n}"), &ann.email, WRONG)
                .await
                .status,
        );
    }
    assert_eq!(outcomes, [400, 400, 400, 400, 400, 429, 429, 429]);
    // Not even with the right password, from where the account has never been.
    sign_in(&app, "203.0.113.99", &ann.email, PASSWORD)
        .await
        .expect(429);
    sign_in(&app, home, &ann.email, WRONG).await.expect(400);
    sign_in(&app, home, &ann.email, PASSWORD).await.expect(200);
    // The next address of the same line, and also after signing out everywhere.
    ann.client.delete("me/sessions/").await.expect(200);
    sign_in(&app, "2001:db8:0:7::2", &ann.email, PASSWORD)
        .await
        .expect(200);
    app.stop().await;
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_than_allowed() {
    let app = start_with(&[("SIGN_IN_PAIR_RATE", "5/min")]).await;
    let ann = user(&app).await;
    let guesses = (0..20).map(|_| sign_in(&app, "203.0.113.1", &ann.email, WRONG));
    let answers = futures::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!(looked_at, 5);
    app.stop().await;
}

#[tokio::test]
async fn a_wrong_current_password_counts_as_well() {
    let app = start_with(&[("SIGN_IN_PAIR_RATE", "3/min")]).await;
    let ann = user(&app).await;
    let client = ann.client.with_header("x-forwarded-for", "203.0.113.1");
    let body = json!({ "current_password": WRONG, "new_password": "An0ther-Passphrase" });
    client.post("auth/password/change/", &body).await.expect(400);
    let change = json!({ "email": "new@example.com", "password": WRONG });
    client.post("auth/email/change/", &change).await.expect(400);
    sign_in(&app, "203.0.113.1", &ann.email, WRONG).await.expect(400);
    sign_in(&app, "203.0.113.1", &ann.email, PASSWORD)
        .await
        .expect(429);
    client.post("auth/password/change/", &body).await.expect(429);
    app.stop().await;
}

#[tokio::test]
async fn a_new_password_by_mail_clears_the_failures() {
    let rates = [
        ("SIGN_IN_PAIR_RATE", "3/hour"),
        ("SIGN_IN_ACCOUNT_RATE", "3/hour"),
    ];
    let (app, server) = post::start(&rates).await;
    let ann = user(&app).await;
    let here = "203.0.113.1";
    assert_eq!(
        statuses(&app, here, &ann.email, WRONG, 4).await,
        [400, 400, 400, 429]
    );
    let token = reset_token(&app, &server, &ann, 1).await;
    let body = json!({ "token": token, "new_password": "An0ther-Passphrase" });
    from(&app, here)
        .post("auth/password/reset/confirm/", &body)
        .await
        .expect(200);
    sign_in(&app, here, &ann.email, "An0ther-Passphrase")
        .await
        .expect(200);
    app.stop().await;
}

#[tokio::test]
async fn blank_rates_switch_the_limits_off() {
    let app = start_with(&[]).await;
    let ann = user(&app).await;
    assert_eq!(
        statuses(&app, "203.0.113.1", &ann.email, WRONG, 80).await,
        [400; 80]
    );
    app.stop().await;
}
