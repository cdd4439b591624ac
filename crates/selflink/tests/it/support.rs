//! What tests of this program share.

use platform::{
    clock::random_hex,
    testing::{Client, TestApp},
};
use serde_json::{Value, json};

/// A password that is accepted.
pub const PASSWORD: &str = "Tr1cky-Passphrase-77";

/// The program as it is shipped, on a fresh database.
pub async fn start() -> TestApp {
    TestApp::start(selflink::instance()).await
}

/// A registered user with a signed-in client.
pub struct TestUser {
    pub id: i64,
    pub handle: String,
    pub email: String,
    pub refresh: String,
    pub client: Client,
}

/// Registers a user with a name of its own.
pub async fn user(app: &TestApp) -> TestUser {
    user_called(app, &format!("u{}", random_hex::<5>())).await
}

/// Registers a user with this handle.
pub async fn user_called(app: &TestApp, handle: &str) -> TestUser {
    let email = format!("{handle}@example.com");
    let body =
        json!({ "email": email, "password": PASSWORD, "handle": handle, "name": format!("Name {handle}") });
    let answer = app.client().post("auth/register/", &body).await.expect(201);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    TestUser {
        id: answer["user"]["id"].as_i64().expect("a number"),
        handle: text(&answer["user"]["handle"]),
        email,
        refresh: text(&answer["refreshToken"]),
        client: app.client().with_token(&text(&answer["token"])),
    }
}
