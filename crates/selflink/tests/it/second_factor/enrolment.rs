//! Switching an authenticator app on and off.

use chrono::Duration;
use serde_json::{Value, json};

use super::listener::{self, told};
use super::{WRONG, challenge, enrol, log_in, next_step, signed_in, totp};
use crate::support::{PASSWORD, TestUser, execute, start, user, user_called, value};

async fn status(user: &TestUser) -> Value {
    user.client.get("auth/second-factor/").await.expect(200)
}

#[tokio::test]
async fn an_authenticator_app_is_on_after_its_first_code() {
    let app = listener::start(&[]).await;
    let ann = user_called(&app, "ann").await;
    let off = json!({ "totp": false, "passkeys": [], "recovery_codes_left": 0, "required": false });
    assert_eq!(status(&ann).await, off);
    let started = ann
        .client
        .post("auth/totp/start/", &json!({ "password": PASSWORD }))
        .await
        .expect(200);
    let secret = started["secret"].as_str().expect("a secret");
    assert_eq!(
        started["uri"],
        json!(format!(
            "otpauth://totp/SelfLink:ann?secret={secret}&issuer=SelfLink"
        ))
    );
    assert_eq!(status(&ann).await, off, "not before it is confirmed");
    log_in(&app, &ann, None).await.expect(200);
    let wrong = ann
        .client
        .post("auth/totp/confirm/", &json!({ "code": "12345" }))
        .await;
    assert_eq!(wrong.expect(400), json!({ "code": [WRONG] }));
    let code = totp(secret).generate(u64::try_from(app.app.clock().now().timestamp()).expect("after 1970"));
    let code = json!({ "code": code.to_string() });
    let confirmed = ann.client.post("auth/totp/confirm/", &code).await.expect(200);
    assert_eq!(confirmed["recovery_codes"].as_array().map(Vec::len), Some(10));
    let on = json!({ "totp": true, "passkeys": [], "recovery_codes_left": 10, "required": false });
    assert_eq!(status(&ann).await, on);
    told(&app, &ann, &["totp_added"]).await;
    // The session that switched it on goes on; the next sign-in needs a code.
    challenge(&app, &ann).await;
    for again in ["auth/totp/start/", "auth/totp/confirm/"] {
        let body = json!({ "password": PASSWORD, "code": code["code"] });
        ann.client.post(again, &body).await.expect(400);
    }
    assert_eq!(status(&ann).await, on);
    app.stop().await;
}

#[tokio::test]
async fn the_password_is_needed_where_there_is_one() {
    let app = start().await;
    let (ann, social) = (user(&app).await, user(&app).await);
    for path in ["auth/totp/start/", "auth/passkeys/register/start/"] {
        let ask = async |body: Value| ann.client.post(path, &body).await.expect(400);
        assert_eq!(
            ask(json!({})).await,
            json!({ "password": ["This field is required."] })
        );
        assert_eq!(
            ask(json!({ "password": "wrong" })).await,
            json!({ "password": ["The password is not right."] })
        );
    }
    execute(
        &app,
        &format!("UPDATE users SET password = '!' WHERE id = {}", social.id),
    )
    .await;
    social
        .client
        .post("auth/totp/start/", &json!({}))
        .await
        .expect(200);
    app.stop().await;
}

#[tokio::test]
async fn an_enrolment_is_confirmed_soon_or_begun_anew() {
    let app = start().await;
    let ann = user(&app).await;
    let begin = async || {
        let answer = ann
            .client
            .post("auth/totp/start/", &json!({ "password": PASSWORD }))
            .await;
        answer.expect(200)["secret"]
            .as_str()
            .expect("a secret")
            .to_owned()
    };
    let confirm = async |secret: &str| {
        let time = u64::try_from(app.app.clock().now().timestamp()).expect("after 1970");
        let code = totp(secret).generate(time).to_string();
        ann.client
            .post("auth/totp/confirm/", &json!({ "code": code }))
            .await
    };
    let (first, second) = (begin().await, begin().await);
    assert_ne!(first, second);
    confirm(&first).await.expect(400);
    app.advance(Duration::minutes(14));
    // The access token is as old.
    let ann_later = signed_in(&app, &log_in(&app, &ann, None).await);
    app.advance(Duration::minutes(2));
    let code = totp(&second).generate(u64::try_from(app.app.clock().now().timestamp()).expect("after 1970"));
    let late = ann_later
        .post("auth/totp/confirm/", &json!({ "code": code.to_string() }))
        .await;
    assert_eq!(
        late.expect(400),
        json!({ "detail": "There is nothing to confirm. Start again." })
    );
    app.stop().await;
}

#[tokio::test]
async fn it_is_switched_off_with_password_and_code() {
    let app = listener::start(&[]).await;
    let ann = user(&app).await;
    let remove = async |body: Value| {
        ann.client
            .send("DELETE", "auth/totp/", "application/json", body.to_string())
            .await
    };
    let nothing = remove(json!({ "password": PASSWORD, "code": "123456" })).await;
    assert_eq!(
        nothing.expect(400),
        json!({ "detail": "No authenticator app is on." })
    );
    let phone = enrol(&app, &ann).await;
    remove(json!({ "password": PASSWORD })).await.expect(400);
    remove(json!({ "password": "wrong", "code": phone.code(&app, 0) }))
        .await
        .expect(400);
    let wrong = remove(json!({ "password": PASSWORD, "code": phone.wrong_code(&app) })).await;
    assert_eq!(wrong.expect(400), json!({ "code": [WRONG] }));
    assert_eq!(status(&ann).await["totp"], json!(true));
    assert_eq!(
        remove(json!({ "password": PASSWORD, "code": phone.code(&app, 0) }))
            .await
            .status,
        204
    );
    assert_eq!(
        status(&ann).await["recovery_codes_left"],
        json!(0),
        "they go with the last factor"
    );
    log_in(&app, &ann, None).await.expect(200);
    // A recovery code does it as well.
    next_step(&app);
    let phone = enrol(&app, &ann).await;
    let off = remove(json!({ "password": PASSWORD, "code": phone.recovery_codes[3] })).await;
    assert_eq!(off.status, 204);
    told(
        &app,
        &ann,
        &[
            "totp_added",
            "totp_removed",
            "totp_added",
            "recovery_code_used",
            "totp_removed",
        ],
    )
    .await;
    app.stop().await;
}

#[tokio::test]
async fn recovery_codes_are_made_anew_for_a_code() {
    let app = start().await;
    let ann = user(&app).await;
    let renew = async |code: &str| {
        ann.client
            .post("auth/recovery-codes/", &json!({ "code": code }))
            .await
    };
    assert_eq!(
        renew("123456").await.expect(400),
        json!({ "code": [WRONG] }),
        "nothing is on"
    );
    let phone = enrol(&app, &ann).await;
    renew(&phone.wrong_code(&app)).await.expect(400);
    let renewed = super::texts(&renew(&phone.code(&app, 0)).await.expect(200)["recovery_codes"]);
    assert_eq!(renewed.len(), 10);
    assert!(renewed.iter().all(|code| !phone.recovery_codes.contains(code)));
    let old = log_in(&app, &ann, Some(&phone.recovery_codes[0])).await;
    assert_eq!(old.expect(400), json!({ "otp": [WRONG] }));
    log_in(&app, &ann, Some(&renewed[0])).await.expect(200);
    // One of them makes ten new ones again.
    assert_eq!(
        renew(&renewed[1]).await.expect(200)["recovery_codes"]
            .as_array()
            .map(Vec::len),
        Some(10)
    );
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM recovery_codes").await,
        10
    );
    app.stop().await;
}
