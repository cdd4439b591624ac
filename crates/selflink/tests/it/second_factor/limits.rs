//! Six digits must not be guessed.

use chrono::Duration;
use serde_json::json;

use super::{Browser, WRONG, answer, challenge, enrol, log_in, next_step, register, sign_in_with_passkey};
use crate::support::{PASSWORD, start, start_with, user};

#[tokio::test]
async fn a_challenge_takes_five_answers() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let first = challenge(&app, &ann).await;
    for _ in 0..4 {
        let wrong = answer(&app, &first, &phone.wrong_code(&app)).await;
        assert_eq!(wrong.expect(400), json!({ "code": [WRONG] }));
    }
    answer(&app, &first, &phone.code(&app, 0)).await.expect(200);
    let second = challenge(&app, &ann).await;
    for _ in 0..5 {
        answer(&app, &second, &phone.wrong_code(&app)).await.expect(400);
    }
    let sixth = answer(&app, &second, &phone.recovery_codes[0]).await;
    sixth.expect(400)["challenge"].as_array().expect("it is over");
    app.stop().await;
}

#[tokio::test]
async fn an_account_takes_ten_wrong_codes_an_hour() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (phone, other) = (enrol(&app, &ann).await, enrol(&app, &bob).await);
    let mut browser = Browser::new();
    register(&ann, &mut browser).await;
    for round in 0..10 {
        let wrong = phone.wrong_code(&app);
        if round % 2 == 0 {
            log_in(&app, &ann, Some(&wrong)).await.expect(400);
        } else {
            answer(&app, &challenge(&app, &ann).await, &wrong)
                .await
                .expect(400);
        }
    }
    // Now even the right one is not looked at, wherever it is sent.
    let throttled = log_in(&app, &ann, Some(&phone.code(&app, 0))).await;
    throttled.expect(429);
    assert!(
        throttled
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|wait| (3500..=3600).contains(&wait))
    );
    answer(&app, &challenge(&app, &ann).await, &phone.code(&app, 0))
        .await
        .expect(429);
    ann.client
        .post("auth/recovery-codes/", &json!({ "code": phone.code(&app, 0) }))
        .await
        .expect(429);
    let body = json!({ "password": PASSWORD, "code": phone.code(&app, 0) }).to_string();
    ann.client
        .send("DELETE", "auth/totp/", "application/json", body)
        .await
        .expect(429);
    // The owner has other ways, and others are not concerned.
    log_in(&app, &ann, Some(&phone.recovery_codes[0]))
        .await
        .expect(200);
    sign_in_with_passkey(&app, &mut browser).await.expect(200);
    log_in(&app, &bob, Some(&other.code(&app, 0))).await.expect(200);
    app.advance(Duration::hours(1));
    log_in(&app, &ann, Some(&phone.code(&app, 0))).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn enrolment_cannot_be_guessed_either() {
    let app = start().await;
    let ann = user(&app).await;
    ann.client
        .post("auth/totp/start/", &json!({ "password": PASSWORD }))
        .await
        .expect(200);
    for _ in 0..10 {
        ann.client
            .post("auth/totp/confirm/", &json!({ "code": "nonsense" }))
            .await
            .expect(400);
    }
    ann.client
        .post("auth/totp/confirm/", &json!({ "code": "nonsense" }))
        .await
        .expect(429);
    next_step(&app);
    app.stop().await;
}

#[tokio::test]
async fn guesses_at_the_password_count_with_those_at_sign_in() {
    let app = start_with(&[("SIGN_IN_PAIR_RATE", "6/min")]).await;
    let ann = user(&app).await;
    let guess = json!({ "password": "guess" });
    let wrong = json!({ "email": ann.email, "password": "guess" });
    for path in [
        "auth/totp/start/",
        "auth/passkeys/register/start/",
        "me/account/delete/",
    ] {
        ann.client.post(path, &guess).await.expect(400);
        app.client().post("auth/login/", &wrong).await.expect(400);
        // What names no password is no guess, and a right one does not count.
        ann.client.post(path, &json!({})).await.expect(400);
    }
    let right = json!({ "password": PASSWORD });
    ann.client.post("auth/totp/start/", &right).await.expect(429);
    log_in(&app, &ann, None).await.expect(429);
    app.advance(Duration::minutes(1));
    for _ in 0..8 {
        ann.client.post("auth/totp/start/", &right).await.expect(200);
    }
    app.stop().await;
}
