//! Registering and removing passkeys, and signing in with one alone.

use chrono::Duration;
use serde_json::{Value, json};

use super::listener::{self, told};
use super::{
    Browser, begin_registration, begin_sign_in, enrol, finish_registration, finish_sign_in, log_in, register,
    sign_in_with_passkey, signed_in,
};
use crate::support::{PASSWORD, TestUser, deactivate, execute, start, start_with, user, user_called};

async fn passkeys(user: &TestUser) -> Value {
    user.client.get("auth/second-factor/").await.expect(200)["passkeys"].clone()
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_user_name() {
    let app = listener::start(&[]).await;
    let ann = user(&app).await;
    let mut browser = Browser::new();
    let registered = register(&ann, &mut browser).await;
    assert_eq!(
        (&registered["name"], &registered["last_used_at"]),
        (&json!("Laptop"), &json!(null))
    );
    let keys: Vec<&String> = registered.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["created_at", "id", "last_used_at", "name", "recovery_codes"]
    );
    assert_eq!(registered["recovery_codes"].as_array().map(Vec::len), Some(10));
    for _ in 0..2 {
        let done = sign_in_with_passkey(&app, &mut browser).await;
        let body = done.expect(200);
        assert_eq!(
            (&body["message"], &body["user"]["id"]),
            (&json!("Login successful."), &json!(ann.id))
        );
        signed_in(&app, &done).get("users/me/").await.expect(200);
    }
    let known = passkeys(&ann).await;
    assert_eq!(known[0]["id"], registered["id"]);
    assert!(known[0]["last_used_at"].is_string(), "{known}");
    told(&app, &ann, &["passkey_added"]).await;
    app.stop().await;
}

#[tokio::test]
async fn authenticators_that_do_not_count_are_welcome() {
    let app = start().await;
    let ann = user(&app).await;
    let mut browser = Browser::new();
    register(&ann, &mut browser).await;
    browser.passkey.as_mut().expect("is there").counter = None;
    for _ in 0..3 {
        sign_in_with_passkey(&app, &mut browser).await.expect(200);
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_asked_of_the_browser() {
    let app = start_with(&[("PUBLIC_BASE_URL", "https://api.example.org")]).await;
    let ann = user_called(&app, "ann").await;
    let (_, options) = begin_registration(&ann.client).await;
    let options = &options["publicKey"];
    assert_eq!(
        options["rp"],
        json!({ "id": "api.example.org", "name": "SelfLink" })
    );
    assert_eq!(
        (&options["user"]["name"], &options["user"]["displayName"]),
        (&json!("ann"), &json!("Name ann"))
    );
    let selection = &options["authenticatorSelection"];
    assert_eq!(
        (
            &selection["userVerification"],
            &selection["residentKey"],
            &selection["requireResidentKey"]
        ),
        (&json!("required"), &json!("required"), &json!(true))
    );
    let (_, options) = begin_sign_in(&app).await;
    assert_eq!(options["mediation"], json!(null));
    let options = &options["publicKey"];
    assert_eq!(
        (
            &options["rpId"],
            &options["userVerification"],
            &options["allowCredentials"]
        ),
        (&json!("api.example.org"), &json!("required"), &json!([]))
    );
    app.stop().await;
}

#[tokio::test]
async fn an_account_has_several_passkeys_and_none_twice() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (mut laptop, mut phone) = (Browser::new(), Browser::new());
    let first = register(&ann, &mut laptop).await;
    assert_eq!(first["recovery_codes"].as_array().map(Vec::len), Some(10));
    let (_, options) = begin_registration(&ann.client).await;
    assert!(
        laptop.create(&options).is_none(),
        "the browser is told what it has"
    );
    assert_eq!(
        register(&ann, &mut phone).await["recovery_codes"],
        json!([]),
        "only with the first"
    );
    assert_eq!(passkeys(&ann).await.as_array().map(Vec::len), Some(2));
    // An authenticator that answers all the same, for whatever account.
    for user in [&ann, &bob] {
        let (challenge_id, options) = begin_registration(&user.client).await;
        let id = laptop.passkey.as_ref().expect("is there").id.clone();
        let credential = Browser::new().create_as(&options, id);
        let twice = finish_registration(&user.client, &challenge_id, &credential).await;
        twice.expect(400)["credential"].as_array().expect("is refused");
    }
    app.stop().await;
}

#[tokio::test]
async fn there_are_at_most_twenty() {
    const TOO_MANY: &str = "You have as many passkeys as an account may have. Remove one first.";
    let app = start().await;
    let ann = user(&app).await;
    let mut browser = Browser::new();
    let registered = register(&ann, &mut browser).await;
    // Nineteen, and one that was begun while there was room.
    let copies = (0..18).map(|number| {
        format!(
            "INSERT INTO passkeys (id, user_id, credential_id, credential, sign_count, name, created_at) \
             SELECT {number}, user_id, 'copy {number}', credential, 0, name, created_at FROM passkeys WHERE id = {}",
            registered["id"]
        )
    });
    for copy in copies {
        execute(&app, &copy).await;
    }
    let (challenge_id, options) = begin_registration(&ann.client).await;
    let credential = Browser::new().create(&options).expect("is created");
    register(&ann, &mut Browser::new()).await;
    assert_eq!(passkeys(&ann).await.as_array().map(Vec::len), Some(20));
    let refused = finish_registration(&ann.client, &challenge_id, &credential).await;
    assert_eq!(refused.expect(400), json!({ "detail": TOO_MANY }));
    let password = json!({ "password": PASSWORD });
    let refused = ann.client.post("auth/passkeys/register/start/", &password).await;
    assert_eq!(refused.expect(400), json!({ "detail": TOO_MANY }));
    app.stop().await;
}

#[tokio::test]
async fn a_passkey_is_removed_by_its_owner() {
    let app = listener::start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut browser = Browser::new();
    let registered = register(&ann, &mut browser).await;
    let path = format!("auth/passkeys/{}/", registered["id"]);
    let foreign = bob.client.delete(&path).await;
    assert_eq!(
        foreign.expect(404),
        json!({ "detail": "No Passkey matches the given query." })
    );
    sign_in_with_passkey(&app, &mut browser).await.expect(200);
    assert_eq!(ann.client.delete(&path).await.status, 204);
    ann.client.delete(&path).await.expect(404);
    sign_in_with_passkey(&app, &mut browser).await.expect(400);
    log_in(&app, &ann, None).await.expect(200);
    assert_eq!(
        ann.client.get("auth/second-factor/").await.expect(200)["recovery_codes_left"],
        json!(0)
    );
    told(&app, &ann, &["passkey_added", "passkey_removed"]).await;
    app.stop().await;
}

#[tokio::test]
async fn the_last_way_to_sign_in_stays() {
    let app = start().await;
    let ann = user(&app).await;
    execute(
        &app,
        &format!("UPDATE users SET password = '!' WHERE id = {}", ann.id),
    )
    .await;
    let (mut laptop, mut phone) = (Browser::new(), Browser::new());
    let first = register(&ann, &mut laptop).await;
    let path = format!("auth/passkeys/{}/", first["id"]);
    let refused = ann.client.delete(&path).await.expect(400);
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("only way")),
        "{refused}"
    );
    register(&ann, &mut phone).await;
    assert_eq!(ann.client.delete(&path).await.status, 204);
    sign_in_with_passkey(&app, &mut phone).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_deactivated_account_stays_out() {
    let app = start().await;
    let ann = user(&app).await;
    let mut browser = Browser::new();
    register(&ann, &mut browser).await;
    deactivate(&app, ann.id).await;
    let refused = sign_in_with_passkey(&app, &mut browser).await;
    assert_eq!(
        refused.expect(400),
        json!({ "non_field_errors": ["Invalid credentials"] })
    );
    app.stop().await;
}

#[tokio::test]
async fn what_was_begun_ends_after_five_minutes_and_after_one_answer() {
    const OVER: &str = "This has expired. Please start again.";
    let app = start().await;
    let ann = user(&app).await;
    let mut browser = Browser::new();
    let (challenge_id, options) = begin_registration(&ann.client).await;
    let credential = browser.create(&options).expect("is created");
    app.advance(Duration::minutes(5));
    let late = finish_registration(&ann.client, &challenge_id, &credential).await;
    assert_eq!(late.expect(400), json!({ "challenge_id": [OVER] }));
    register(&ann, &mut Browser::new()).await;
    let mut browser = Browser::new();
    register(&ann, &mut browser).await;
    let (challenge_id, options) = begin_sign_in(&app).await;
    let credential = browser.get(&options).expect("is shown");
    let (late_id, late_options) = begin_sign_in(&app).await;
    finish_sign_in(&app, &challenge_id, &credential).await.expect(200);
    let again = finish_sign_in(&app, &challenge_id, &credential).await;
    assert_eq!(again.expect(400), json!({ "challenge_id": [OVER] }));
    app.advance(Duration::minutes(5));
    let credential = browser.get(&late_options).expect("is shown");
    let late = finish_sign_in(&app, &late_id, &credential).await;
    assert_eq!(late.expect(400), json!({ "challenge_id": [OVER] }));
    app.stop().await;
}

#[tokio::test]
async fn a_passkey_and_an_app_stand_for_each_other() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let registered = register(&ann, &mut Browser::new()).await;
    assert_eq!(registered["recovery_codes"], json!([]), "those of the app stay");
    assert_eq!(
        ann.client
            .delete(&format!("auth/passkeys/{}/", registered["id"]))
            .await
            .status,
        204
    );
    log_in(&app, &ann, Some(&phone.recovery_codes[0]))
        .await
        .expect(200);
    log_in(&app, &ann, Some(&phone.code(&app, 0))).await.expect(200);
    app.stop().await;
}
