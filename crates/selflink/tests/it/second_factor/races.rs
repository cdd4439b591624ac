//! Two of everything at once: one wins.

use platform::testing::{Answer, TestApp};
use serde_json::{Value, json};

use super::{
    Browser, answer, begin_registration, begin_sign_in, challenge, enrol, finish_registration,
    finish_sign_in, log_in, register,
};
use crate::support::{PASSWORD, TestUser, start, user, value};

const AT_ONCE: usize = 8;

/// The statuses of requests that are sent at once, sorted.
async fn at_once<F: Future<Output = Answer>>(request: impl Fn(usize) -> F) -> Vec<u16> {
    let answers = futures::future::join_all((0..AT_ONCE).map(request)).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

fn one_of(won: u16, lost: u16) -> Vec<u16> {
    let mut statuses = vec![lost; AT_ONCE - 1];
    statuses.push(won);
    statuses.sort_unstable();
    statuses
}

async fn sessions(app: &TestApp, user: &TestUser) -> i64 {
    let query = format!(
        "SELECT count(*) FROM sessions WHERE user_id = {} AND second_factor = TRUE",
        user.id
    );
    value(app, &query).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_is_taken_once() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let code = phone.code(&app, 0);
    assert_eq!(
        at_once(|_| log_in(&app, &ann, Some(&code))).await,
        one_of(200, 400)
    );
    assert_eq!(sessions(&app, &ann).await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recovery_code_is_taken_once() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let code = &phone.recovery_codes[0];
    assert_eq!(
        at_once(|_| log_in(&app, &ann, Some(code))).await,
        one_of(200, 400)
    );
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM recovery_codes").await, 9);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_challenge_is_answered_once() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let challenge = challenge(&app, &ann).await;
    // Each with a code of its own, all right.
    let codes = &phone.recovery_codes;
    assert_eq!(
        at_once(|number| answer(&app, &challenge, &codes[number])).await,
        one_of(200, 400)
    );
    assert_eq!(sessions(&app, &ann).await, 1);
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM recovery_codes").await,
        9,
        "the losers keep theirs"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_once_are_all_counted() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let wrong = phone.wrong_code(&app);
    for _ in 0..2 {
        at_once(|_| log_in(&app, &ann, Some(&wrong))).await;
    }
    assert_eq!(
        value::<i64>(&app, "SELECT wrong_codes FROM authenticators").await,
        10
    );
    let second = user(&app).await;
    let phone = enrol(&app, &second).await;
    let open = challenge(&app, &second).await;
    let wrong = phone.wrong_code(&app);
    at_once(|_| answer(&app, &open, &wrong)).await;
    assert_eq!(value::<i64>(&app, "SELECT attempts FROM challenges").await, 5);
    let counted = format!(
        "SELECT wrong_codes FROM authenticators WHERE user_id = {}",
        second.id
    );
    assert_eq!(value::<i64>(&app, &counted).await, 5);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_app_is_switched_on_once() {
    let app = start().await;
    let ann = user(&app).await;
    let begun = ann
        .client
        .post("auth/totp/start/", &json!({ "password": PASSWORD }))
        .await
        .expect(200);
    let time = u64::try_from(app.app.clock().now().timestamp()).expect("after 1970");
    let code = super::totp(begun["secret"].as_str().expect("a secret"))
        .generate(time)
        .to_string();
    let body = json!({ "code": code });
    let confirm = |_| ann.client.post("auth/totp/confirm/", &body);
    assert_eq!(at_once(confirm).await, one_of(200, 400));
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM recovery_codes").await,
        10
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_passkey_is_taken_once() {
    let app = start().await;
    let ann = user(&app).await;
    let mut browser = Browser::new();
    let (challenge_id, options) = begin_registration(&ann.client).await;
    let credential = browser.create(&options).expect("is created");
    let register_at_once = at_once(|_| finish_registration(&ann.client, &challenge_id, &credential)).await;
    assert_eq!(register_at_once, one_of(201, 400));
    let (challenge_id, options) = begin_sign_in(&app).await;
    let credential = browser.get(&options).expect("is shown");
    assert_eq!(
        at_once(|_| finish_sign_in(&app, &challenge_id, &credential)).await,
        one_of(200, 400)
    );
    assert_eq!(sessions(&app, &ann).await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_copies_of_a_passkey_one_signs_in() {
    let app = start().await;
    let ann = user(&app).await;
    let mut browser = Browser::new();
    register(&ann, &mut browser).await;
    // Each copy has a challenge of its own; all count up from the same number.
    let mut shown: Vec<(Value, Value)> = Vec::new();
    for _ in 0..AT_ONCE {
        let (challenge_id, options) = begin_sign_in(&app).await;
        let credential = browser.clone().get(&options).expect("is shown");
        shown.push((challenge_id, credential));
    }
    let finish = |number: usize| finish_sign_in(&app, &shown[number].0, &shown[number].1);
    assert_eq!(at_once(finish).await, one_of(200, 400));
    app.stop().await;
}
