//! The second factor: authenticator apps, recovery codes, passkeys.

mod browser;
mod enrolment;
mod forgeries;
mod limits;
mod listener;
mod passkeys;
mod races;
mod secrets;
mod sign_in;
mod staff;

use chrono::Duration;
use platform::testing::{Answer, Client, TestApp};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use self::browser::Browser;
use crate::support::{PASSWORD, TestUser};

/// What a code that is not taken is answered with.
const WRONG: &str = "This code is wrong or has been used.";

/// The owner's authenticator app.
#[derive(Clone)]
pub struct Phone {
    secret: String,
    recovery_codes: Vec<String>,
}

impl Phone {
    /// The code that the app shows now, or so many steps from now.
    fn code(&self, app: &TestApp, steps: i64) -> String {
        let time = app.app.clock().now().timestamp() + 30 * steps;
        totp(&self.secret)
            .generate(u64::try_from(time).expect("after 1970"))
            .to_string()
    }

    /// A code that was never valid anywhere near now.
    fn wrong_code(&self, app: &TestApp) -> String {
        let near: Vec<String> = (-5..=5).map(|steps| self.code(app, steps)).collect();
        let candidates = (0..20).map(|number| format!("{number:06}"));
        candidates
            .into_iter()
            .find(|code| !near.contains(code))
            .expect("there are more codes than steps")
    }
}

fn totp(secret: &str) -> Totp {
    Builder::new()
        .with_secret(Secret::try_from_base32(secret).expect("is base32"))
        .build()
        .expect("is a secret")
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().expect("is a list").iter();
    items
        .map(|item| item.as_str().expect("is a text").to_owned())
        .collect()
}

/// Switches an authenticator app on; its first code is used up.
pub async fn enrol(app: &TestApp, user: &TestUser) -> Phone {
    let password = json!({ "password": PASSWORD });
    let started = user.client.post("auth/totp/start/", &password).await.expect(200);
    let mut phone = Phone {
        secret: started["secret"].as_str().expect("a secret").to_owned(),
        recovery_codes: Vec::new(),
    };
    let code = json!({ "code": phone.code(app, 0) });
    let confirmed = user.client.post("auth/totp/confirm/", &code).await.expect(200);
    phone.recovery_codes = texts(&confirmed["recovery_codes"]);
    next_step(app);
    phone
}

/// Moves to the next code.
fn next_step(app: &TestApp) {
    app.advance(Duration::seconds(30));
}

/// Signs in with the password, and perhaps a code.
async fn log_in(app: &TestApp, user: &TestUser, otp: Option<&str>) -> Answer {
    let mut body = json!({ "email": user.email, "password": PASSWORD });
    if let Some(otp) = otp {
        body["otp"] = json!(otp);
    }
    app.client().post("auth/login/", &body).await
}

/// The challenge that a sign-in with the password leads to.
async fn challenge(app: &TestApp, user: &TestUser) -> String {
    let answer = log_in(app, user, None).await.expect(400);
    assert_eq!(answer["code"], "second_factor_required", "{answer}");
    answer["challenge"].as_str().expect("a challenge").to_owned()
}

/// Answers a challenge with a code.
async fn answer(app: &TestApp, challenge: &str, code: &str) -> Answer {
    let body = json!({ "challenge": challenge, "code": code });
    app.client().post("auth/second-factor/", &body).await
}

/// A client with the token of a sign-in.
fn signed_in(app: &TestApp, answer: &Answer) -> Client {
    let token = answer.expect(200)["token"].clone();
    app.client().with_token(token.as_str().expect("a token"))
}

/// Begins the registration of a passkey: the id of the challenge, and the options.
async fn begin_registration(client: &Client) -> (Value, Value) {
    let password = json!({ "password": PASSWORD });
    let started = client
        .post("auth/passkeys/register/start/", &password)
        .await
        .expect(200);
    (started["challenge_id"].clone(), started["options"].clone())
}

async fn finish_registration(client: &Client, challenge_id: &Value, credential: &Value) -> Answer {
    let body = json!({ "challenge_id": challenge_id, "name": "Laptop", "credential": credential });
    client.post("auth/passkeys/register/finish/", &body).await
}

/// Registers a passkey of a browser.
async fn register(user: &TestUser, browser: &mut Browser) -> Value {
    let (challenge_id, options) = begin_registration(&user.client).await;
    let credential = browser.create(&options).expect("is created");
    finish_registration(&user.client, &challenge_id, &credential)
        .await
        .expect(201)
}

/// Begins a sign-in with a passkey: the id of the challenge, and the options.
async fn begin_sign_in(app: &TestApp) -> (Value, Value) {
    let started = app
        .client()
        .call("POST", "auth/passkeys/sign-in/start/")
        .await
        .expect(200);
    (started["challenge_id"].clone(), started["options"].clone())
}

async fn finish_sign_in(app: &TestApp, challenge_id: &Value, credential: &Value) -> Answer {
    let body = json!({ "challenge_id": challenge_id, "credential": credential });
    app.client().post("auth/passkeys/sign-in/finish/", &body).await
}

/// Signs in with a passkey alone.
async fn sign_in_with_passkey(app: &TestApp, browser: &mut Browser) -> Answer {
    let (challenge_id, options) = begin_sign_in(app).await;
    let credential = browser.get(&options).expect("is shown");
    finish_sign_in(app, &challenge_id, &credential).await
}

/// The options for a passkey as the second step of a sign-in.
async fn ask_passkey(app: &TestApp, challenge: &str) -> Answer {
    let body = json!({ "challenge": challenge });
    app.client().post("auth/second-factor/passkey/", &body).await
}

async fn answer_with_passkey(app: &TestApp, challenge: &str, credential: &Value) -> Answer {
    let body = json!({ "challenge": challenge, "credential": credential });
    app.client().post("auth/second-factor/", &body).await
}
