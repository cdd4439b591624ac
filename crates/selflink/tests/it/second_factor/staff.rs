//! What staff needs, and what operators do for those who have lost everything.

use platform::testing::TestApp;
use serde_json::{Value, json};

use super::{
    Browser, challenge, enrol,
    listener::{self, STAFF_ONLY, told},
    log_in, register, sign_in_with_passkey, signed_in,
};
use crate::{
    cli::{run, run_with},
    support::{staff, user, value},
};

const REQUIRED: (&str, &str) = ("STAFF_SECOND_FACTOR_REQUIRED", "true");

#[tokio::test]
async fn staff_without_a_second_factor_has_no_rights_of_staff() {
    let app = listener::start(&[REQUIRED]).await;
    let (sam, ann, bob) = (staff(&app).await, user(&app).await, user(&app).await);
    let refused = sam.client.get(STAFF_ONLY).await;
    assert_eq!(
        refused.expect(403),
        json!({ "detail": "Staff must sign in with a second factor.", "code": "second_factor_required" })
    );
    assert_eq!(
        ann.client.get(STAFF_ONLY).await.expect(403),
        json!({ "detail": "You do not have permission to perform this action." })
    );
    let email = async |client: &platform::testing::Client| {
        client.get(&format!("users/{}/", bob.id)).await.expect(200)["email"].clone()
    };
    assert_eq!(
        email(&sam.client).await,
        Value::Null,
        "they see what everybody sees"
    );
    let required = async |client: &platform::testing::Client| {
        client.get("auth/second-factor/").await.expect(200)["required"].clone()
    };
    assert_eq!(
        (required(&sam.client).await, required(&ann.client).await),
        (json!(true), json!(false))
    );
    // Switching it on is not enough: one has to sign in with it.
    let phone = enrol(&app, &sam).await;
    sam.client.get(STAFF_ONLY).await.expect(403);
    let with_code = signed_in(&app, &log_in(&app, &sam, Some(&phone.code(&app, 0))).await);
    with_code.get(STAFF_ONLY).await.expect(200);
    assert_eq!(
        (email(&with_code).await, required(&with_code).await),
        (json!(bob.email), json!(true))
    );
    let mut browser = Browser::new();
    register(&sam, &mut browser).await;
    let with_passkey = signed_in(&app, &sign_in_with_passkey(&app, &mut browser).await);
    with_passkey.get(STAFF_ONLY).await.expect(200);
    sam.client.get("users/me/").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn without_the_setting_a_password_is_enough() {
    let app = listener::start(&[]).await;
    let sam = staff(&app).await;
    sam.client.get(STAFF_ONLY).await.expect(200);
    assert_eq!(
        sam.client.get("auth/second-factor/").await.expect(200)["required"],
        json!(false)
    );
    app.stop().await;
}

/// The step of `selflink apply`, in the process that hears what is told.
async fn reset(app: &TestApp, id: i64) -> Value {
    let steps = selflink::domains().into_iter().flat_map(|domain| domain.steps);
    let step = steps.into_iter().find(|step| step.key == "reset_second_factor");
    let (step, argument) = (step.expect("there is the step"), json!({ "user_id": id }));
    let argument = &argument;
    let done: anyhow::Result<Value> = app
        .app
        .db()
        .write(|tx| async move { (step.run)(&tx, argument).await })
        .await;
    done.expect("is reset")
}

#[tokio::test]
async fn an_operator_resets_the_factors_of_an_account() {
    let app = listener::start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut browser = Browser::new();
    enrol(&app, &ann).await;
    register(&ann, &mut browser).await;
    let phone = enrol(&app, &bob).await;
    let open = challenge(&app, &ann).await;
    assert_eq!(reset(&app, ann.id).await, json!({ "was_on": true }));
    ann.client.get("users/me/").await.expect(401);
    super::answer(&app, &open, "123456").await.expect(400)["challenge"]
        .as_array()
        .expect("it is over");
    sign_in_with_passkey(&app, &mut browser).await.expect(400);
    let again = signed_in(&app, &log_in(&app, &ann, None).await);
    assert_eq!(
        again.get("auth/second-factor/").await.expect(200),
        json!({ "totp": false, "passkeys": [], "recovery_codes_left": 0, "required": false })
    );
    told(&app, &ann, &["totp_added", "passkey_added", "reset"]).await;
    // Nobody else's.
    log_in(&app, &bob, Some(&phone.code(&app, 0))).await.expect(200);
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM recovery_codes").await,
        10
    );
    let document = json!([{ "reset_second_factor": { "user_id": ann.id } }]).to_string();
    let printed = run(&app.database(), &["apply", &document]).await.succeeded();
    assert_eq!(printed.trim(), r#"[{"was_on":false}]"#);
    let unknown = json!([{ "reset_second_factor": { "user_id": 1 } }]).to_string();
    let complaint = run(&app.database(), &["apply", &unknown]).await.failed(1);
    assert!(complaint.contains("there is no such account"), "{complaint}");
    app.stop().await;
}

#[tokio::test]
async fn a_relying_party_that_cannot_work_stops_the_start() {
    for (settings, said) in [
        (
            &[("PASSKEY_RP_ID", "example.org")][..],
            "PASSKEY_RP_ID (example.org) is not the host of http://localhost:8000",
        ),
        (
            &[
                ("PASSKEY_RP_ID", "example.org"),
                ("PASSKEY_ORIGINS", "https://example.org, https://example.com"),
            ],
            "is not the host of https://example.com",
        ),
        (
            &[("PASSKEY_ORIGINS", "https://192.0.2.1")],
            "PASSKEY_ORIGINS must have host names",
        ),
    ] {
        let complaint = run_with(&["config"], settings).await.failed(1);
        assert!(complaint.contains(said), "{complaint}");
    }
    let fits = [
        ("PASSKEY_RP_ID", "example.org"),
        ("PASSKEY_ORIGINS", "https://app.example.org"),
    ];
    run_with(&["config"], &fits).await.succeeded();
}
