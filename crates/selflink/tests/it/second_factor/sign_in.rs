//! Signing in with a second factor.

use chrono::Duration;
use serde_json::json;

use super::{
    Browser, WRONG, answer, answer_with_passkey, ask_passkey, challenge, enrol, log_in, next_step, register,
    signed_in,
};
use crate::support::{PASSWORD, deactivate, execute, start, user, value};

const OVER: &str = "This sign-in has expired. Please sign in again.";

#[tokio::test]
async fn the_password_alone_leads_to_a_challenge() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let asked = log_in(&app, &ann, None).await.expect(400);
    assert_eq!(
        asked["non_field_errors"],
        json!(["Enter the code of your authenticator app."])
    );
    assert_eq!(
        (&asked["code"], &asked["methods"]),
        (&json!("second_factor_required"), &json!(["totp"]))
    );
    let keys: Vec<&String> = asked.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["challenge", "code", "methods", "non_field_errors"]);
    let wrong = json!({ "email": ann.email, "password": "wrong", "otp": phone.code(&app, 0) });
    let refused = app.client().post("auth/login/", &wrong).await;
    assert_eq!(
        refused.expect(400),
        json!({ "non_field_errors": ["Invalid credentials"] })
    );
    let done = answer(
        &app,
        asked["challenge"].as_str().expect("a text"),
        &phone.code(&app, 0),
    )
    .await;
    let body = done.expect(200);
    assert_eq!(
        (&body["message"], &body["user"]["id"]),
        (&json!("Login successful."), &json!(ann.id))
    );
    signed_in(&app, &done).get("users/me/").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_code_may_come_with_the_password() {
    let app = start().await;
    let ann = user(&app).await;
    // Without a second factor it does not matter.
    log_in(&app, &ann, Some("123456")).await.expect(200);
    let phone = enrol(&app, &ann).await;
    assert_eq!(
        log_in(&app, &ann, Some(&phone.wrong_code(&app)))
            .await
            .expect(400),
        json!({ "otp": [WRONG] })
    );
    let spaced = phone.code(&app, 0);
    log_in(&app, &ann, Some(&format!("{} {}", &spaced[..3], &spaced[3..])))
        .await
        .expect(200);
    log_in(&app, &ann, Some(&phone.recovery_codes[0].to_uppercase()))
        .await
        .expect(200);
    log_in(&app, &ann, Some(" ")).await.expect(400)["challenge"]
        .as_str()
        .expect("a blank code is none");
    app.stop().await;
}

#[tokio::test]
async fn a_code_works_once_and_one_step_early_or_late() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let refused = async |code: String| {
        let refused = log_in(&app, &ann, Some(&code)).await;
        assert_eq!(refused.expect(400), json!({ "otp": [WRONG] }));
    };
    refused(phone.code(&app, -1)).await; // The one that switched it on.
    refused(phone.code(&app, 2)).await;
    log_in(&app, &ann, Some(&phone.code(&app, 0))).await.expect(200);
    refused(phone.code(&app, 0)).await;
    log_in(&app, &ann, Some(&phone.code(&app, 1))).await.expect(200);
    // Older than one that was taken.
    refused(phone.code(&app, 0)).await;
    app.advance(Duration::minutes(2));
    refused(phone.code(&app, -2)).await;
    log_in(&app, &ann, Some(&phone.code(&app, -1))).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_recovery_code_works_once() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (phone, _) = (enrol(&app, &ann).await, enrol(&app, &bob).await);
    let code = &phone.recovery_codes[4];
    assert_eq!(
        log_in(&app, &bob, Some(code)).await.expect(400),
        json!({ "otp": [WRONG] }),
        "somebody else's"
    );
    answer(&app, &challenge(&app, &ann).await, code).await.expect(200);
    let again = answer(&app, &challenge(&app, &ann).await, code).await;
    assert_eq!(again.expect(400), json!({ "code": [WRONG] }));
    assert_eq!(
        ann.client.get("auth/second-factor/").await.expect(200)["recovery_codes_left"],
        json!(9)
    );
    app.stop().await;
}

#[tokio::test]
async fn a_challenge_works_once_and_for_five_minutes() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (phone, other) = (enrol(&app, &ann).await, enrol(&app, &bob).await);
    let refused = async |challenge: &str, code: &str| {
        let refused = answer(&app, challenge, code).await.expect(400);
        assert_eq!(refused, json!({ "challenge": [OVER] }));
    };
    let used = challenge(&app, &ann).await;
    answer(&app, &used, &phone.code(&app, 0)).await.expect(200);
    refused(&used, &phone.recovery_codes[0]).await;
    refused("no such challenge", &phone.recovery_codes[0]).await;
    // Bob's code does not open Ann's sign-in.
    let foreign = answer(&app, &challenge(&app, &ann).await, &other.code(&app, 0)).await;
    assert_eq!(foreign.expect(400), json!({ "code": [WRONG] }));
    let late = challenge(&app, &ann).await;
    app.advance(Duration::minutes(5));
    refused(&late, &phone.recovery_codes[0]).await;
    ask_passkey(&app, &late).await.expect(400);
    // What was refused with its challenge is not used up.
    log_in(&app, &ann, Some(&phone.recovery_codes[0]))
        .await
        .expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_challenge_ends_with_the_account_and_with_its_sessions() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (phone, other) = (enrol(&app, &ann).await, enrol(&app, &bob).await);
    let (first, second) = (challenge(&app, &ann).await, challenge(&app, &bob).await);
    deactivate(&app, ann.id).await;
    let gone = answer(&app, &first, &phone.code(&app, 0)).await;
    assert_eq!(
        gone.expect(400),
        json!({ "non_field_errors": ["Invalid credentials"] })
    );
    bob.client.delete("me/sessions/").await.expect(200);
    answer(&app, &second, &other.code(&app, 0)).await.expect(400)["challenge"]
        .as_array()
        .expect("the challenge is over");
    app.stop().await;
}

#[tokio::test]
async fn sessions_know_whether_they_were_opened_with_a_second_factor() {
    let app = start().await;
    let ann = user(&app).await;
    let count = async |is: &str| {
        let query = format!("SELECT count(*) FROM sessions WHERE second_factor = {is}");
        value::<i64>(&app, &query).await
    };
    log_in(&app, &ann, None).await.expect(200);
    assert_eq!((count("FALSE").await, count("TRUE").await), (2, 0));
    let phone = enrol(&app, &ann).await;
    log_in(&app, &ann, Some(&phone.code(&app, 0))).await.expect(200);
    let done = answer(&app, &challenge(&app, &ann).await, &phone.code(&app, 1)).await;
    assert_eq!((count("FALSE").await, count("TRUE").await), (2, 2));
    // A refresh changes nothing of it.
    let refresh = json!({ "refresh": done.expect(200)["refreshToken"] });
    app.client().post("auth/refresh/", &refresh).await.expect(200);
    assert_eq!((count("FALSE").await, count("TRUE").await), (2, 2));
    app.stop().await;
}

#[tokio::test]
async fn a_passkey_is_a_second_factor() {
    let app = start().await;
    let ann = user(&app).await;
    let mut browser = Browser::new();
    let registered = register(&ann, &mut browser).await;
    let asked = log_in(&app, &ann, None).await.expect(400);
    assert_eq!(
        (&asked["non_field_errors"], &asked["methods"]),
        (
            &json!(["Confirm the sign-in with your passkey."]),
            &json!(["passkey"])
        )
    );
    let challenge = asked["challenge"].as_str().expect("a challenge");
    let options = ask_passkey(&app, challenge).await.expect(200)["options"].clone();
    let credential = browser.get(&options).expect("is shown");
    let done = answer_with_passkey(&app, challenge, &credential).await;
    assert_eq!(done.expect(200)["message"], "Login successful.");
    // Lost, a recovery code helps.
    let code = registered["recovery_codes"][0].as_str().expect("a code");
    log_in(&app, &ann, Some(code)).await.expect(200);
    // With an app beside it there is a choice.
    enrol(&app, &ann).await;
    assert_eq!(
        log_in(&app, &ann, None).await.expect(400)["methods"],
        json!(["totp", "passkey"])
    );
    app.stop().await;
}

#[tokio::test]
async fn an_answer_needs_a_code_or_a_passkey() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let challenge = challenge(&app, &ann).await;
    let post = async |body| app.client().post("auth/second-factor/", &body).await.expect(400);
    assert_eq!(
        post(json!({})).await,
        json!({ "challenge": ["This field is required."] })
    );
    assert_eq!(
        post(json!({ "challenge": challenge })).await,
        json!({ "code": ["This field is required."] })
    );
    assert_eq!(
        post(json!({ "challenge": challenge, "credential": {} })).await,
        json!({ "credential": ["This passkey was not accepted."] })
    );
    assert_eq!(
        ask_passkey(&app, &challenge).await.expect(404)["detail"],
        "No Passkey matches the given query."
    );
    answer(&app, &challenge, &phone.code(&app, 0)).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn another_password_does_not_switch_it_off() {
    let app = start().await;
    let (ann, other) = (user(&app).await, user(&app).await);
    enrol(&app, &ann).await;
    let take = format!(
        "UPDATE users SET password = (SELECT password FROM users WHERE id = {}) WHERE id = {}",
        other.id, ann.id
    );
    execute(&app, &take).await;
    let body = json!({ "email": ann.email, "password": PASSWORD });
    assert_eq!(
        app.client().post("auth/login/", &body).await.expect(400)["code"],
        "second_factor_required"
    );
    next_step(&app);
    app.stop().await;
}
