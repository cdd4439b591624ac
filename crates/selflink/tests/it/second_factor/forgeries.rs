//! Answers that no honest passkey gives.

use platform::testing::TestApp;
use serde_json::{Value, json};

use super::{
    Browser, answer_with_passkey, ask_passkey, begin_registration, begin_sign_in,
    browser::{encoded, new_key},
    challenge, finish_registration, finish_sign_in, register, sign_in_with_passkey,
};
use crate::support::{TestUser, execute, start, user, value};

const REFUSED: &str = "This passkey was not accepted.";

/// A change of a browser that makes what it shows a forgery.
type Fault = fn(&mut Browser);

const FAULTS: [(&str, Fault); 4] = [
    ("the origin of another site", |browser| {
        browser.origin = String::from("https://evil.example");
    }),
    ("another port", |browser| {
        browser.origin = String::from("http://localhost:9000");
    }),
    ("another key", |browser| {
        if let Some(passkey) = &mut browser.passkey {
            passkey.key = new_key();
        }
    }),
    ("an owner who was not verified", |browser| {
        browser.verifies = false;
    }),
];

/// A change of the options of a request, or of what the passkey shows.
type Change<'a> = &'a dyn Fn(&mut Value, &mut Value);

/// Shows the passkey for the options, changed by `change`.
async fn forged_sign_in(
    app: &TestApp,
    browser: &mut Browser,
    change: impl Fn(&mut Value, &mut Value),
) -> Value {
    let (challenge_id, mut options) = begin_sign_in(app).await;
    change(&mut options, &mut json!({}));
    let mut credential = browser.get(&options).expect("is shown");
    change(&mut json!({}), &mut credential);
    finish_sign_in(app, &challenge_id, &credential).await.expect(400)
}

async fn with_passkey(app: &TestApp) -> (TestUser, Browser) {
    let ann = user(app).await;
    let mut browser = Browser::new();
    register(&ann, &mut browser).await;
    (ann, browser)
}

#[tokio::test]
async fn a_sign_in_with_a_forged_answer_is_refused() {
    let app = start().await;
    let (ann, mut browser) = with_passkey(&app).await;
    let (_, other) = with_passkey(&app).await;
    let refused = json!({ "credential": [REFUSED] });
    for (what, fault) in FAULTS {
        let mut forger = browser.clone();
        fault(&mut forger);
        assert_eq!(
            forged_sign_in(&app, &mut forger, |_, _| ()).await,
            refused,
            "{what}"
        );
    }
    let handle_of_other = other.passkey.expect("is there").user_handle;
    let changes: [(&str, Change<'_>); 7] = [
        ("another challenge", &|options, _| {
            options["publicKey"]["challenge"] = json!(encoded(&[7; 32]));
        }),
        ("another relying party", &|options, _| {
            options["publicKey"]["rpId"] = json!("evil.example");
        }),
        ("another account", &|_, shown| {
            shown["response"]["userHandle"] = json!(handle_of_other);
        }),
        ("no account", &|_, shown| {
            shown["response"]["userHandle"] = json!(null);
        }),
        ("an unknown passkey", &|_, shown| {
            shown["rawId"] = json!(encoded(b"unknown"));
        }),
        ("an altered signature", &|_, shown| {
            shown["response"]["signature"] = json!(encoded(&[0x30; 70]));
        }),
        ("nothing", &|_, shown| *shown = json!({})),
    ];
    for (what, change) in changes {
        assert_eq!(
            forged_sign_in(&app, &mut browser, change).await,
            refused,
            "{what}"
        );
    }
    sign_in_with_passkey(&app, &mut browser).await.expect(200);
    let sessions = format!("SELECT count(*) FROM sessions WHERE user_id = {}", ann.id);
    assert_eq!(value::<i64>(&app, &sessions).await, 2);
    app.stop().await;
}

#[tokio::test]
async fn a_second_step_with_a_forged_answer_is_refused() {
    let app = start().await;
    let (ann, mut browser) = with_passkey(&app).await;
    let (_, mut other) = with_passkey(&app).await;
    let refused = json!({ "credential": [REFUSED] });
    for (what, fault) in FAULTS {
        let mut forger = browser.clone();
        fault(&mut forger);
        let challenge = challenge(&app, &ann).await;
        let options = ask_passkey(&app, &challenge).await.expect(200)["options"].clone();
        let credential = forger.get(&options).expect("is shown");
        assert_eq!(
            answer_with_passkey(&app, &challenge, &credential)
                .await
                .expect(400),
            refused,
            "{what}"
        );
    }
    // Somebody else's passkey, asked for by somebody else's challenge or by none.
    let challenge = challenge(&app, &ann).await;
    let mut options = ask_passkey(&app, &challenge).await.expect(200)["options"].clone();
    assert!(other.get(&options).is_none(), "it is not asked for");
    options["publicKey"]["allowCredentials"] = json!([]);
    let credential = other.get(&options).expect("is shown");
    assert_eq!(
        answer_with_passkey(&app, &challenge, &credential)
            .await
            .expect(400),
        refused
    );
    // The options were used up by that answer.
    let credential = browser.get(&options).expect("is shown");
    assert_eq!(
        answer_with_passkey(&app, &challenge, &credential)
            .await
            .expect(400),
        refused
    );
    let options = ask_passkey(&app, &challenge).await.expect(200)["options"].clone();
    let credential = browser.get(&options).expect("is shown");
    answer_with_passkey(&app, &challenge, &credential)
        .await
        .expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_registration_with_a_forged_answer_is_refused() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for (what, fault) in FAULTS {
        if what == "another key" {
            continue;
        }
        let mut browser = Browser::new();
        fault(&mut browser);
        let (challenge_id, options) = begin_registration(&ann.client).await;
        let credential = browser.create(&options).expect("is created");
        let answer = finish_registration(&ann.client, &challenge_id, &credential).await;
        assert_eq!(answer.expect(400), json!({ "credential": [REFUSED] }), "{what}");
    }
    let (challenge_id, mut options) = begin_registration(&ann.client).await;
    options["publicKey"]["challenge"] = json!(encoded(&[7; 32]));
    let credential = Browser::new().create(&options).expect("is created");
    let answer = finish_registration(&ann.client, &challenge_id, &credential).await;
    assert_eq!(
        answer.expect(400),
        json!({ "credential": [REFUSED] }),
        "another challenge"
    );
    // What Ann has begun Bob cannot finish, and a sign-in is no registration.
    let (challenge_id, options) = begin_registration(&ann.client).await;
    let credential = Browser::new().create(&options).expect("is created");
    for (client, challenge_id) in [
        (&bob.client, &challenge_id),
        (&ann.client, &begin_sign_in(&app).await.0),
    ] {
        let answer = finish_registration(client, challenge_id, &credential).await;
        answer.expect(400)["challenge_id"].as_array().expect("is refused");
    }
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM passkeys").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn a_copy_of_a_passkey_shows_by_its_counter() {
    let app = start().await;
    let (ann, mut browser) = with_passkey(&app).await;
    let mut copy = browser.clone();
    sign_in_with_passkey(&app, &mut browser).await.expect(200);
    let refused = sign_in_with_passkey(&app, &mut copy).await;
    assert_eq!(refused.expect(400), json!({ "credential": [REFUSED] }));
    // As the second step as well.
    copy.passkey.as_mut().expect("is there").counter = Some(0);
    let challenge = challenge(&app, &ann).await;
    let options = ask_passkey(&app, &challenge).await.expect(200)["options"].clone();
    let credential = copy.get(&options).expect("is shown");
    answer_with_passkey(&app, &challenge, &credential)
        .await
        .expect(400);
    sign_in_with_passkey(&app, &mut browser).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn a_counter_that_another_process_has_moved_is_not_moved_back() {
    let app = start().await;
    let (_, mut browser) = with_passkey(&app).await;
    let (challenge_id, options) = begin_sign_in(&app).await;
    let credential = browser.get(&options).expect("is shown");
    execute(&app, "UPDATE passkeys SET sign_count = 1").await;
    let refused = finish_sign_in(&app, &challenge_id, &credential).await;
    assert_eq!(refused.expect(400), json!({ "credential": [REFUSED] }));
    app.stop().await;
}
