//! Sign-in through Google, Facebook and GitHub.

mod accounts;
mod credentials;
mod fake;
mod id_tokens;
mod keys;
mod links;
mod outages;

use platform::testing::{Answer, TestApp};
use serde_json::{Value, json};

pub use self::fake::Fake;

const PROVIDERS: [&str; 3] = ["google", "facebook", "github"];

async fn sign_in(app: &TestApp, provider: &str, body: &Value) -> Answer {
    app.client()
        .post(&format!("auth/social/{provider}/callback/"), body)
        .await
}

/// What a request is answered with that is wrong as a whole.
fn problem(text: &str) -> Value {
    json!({ "non_field_errors": [text] })
}

fn refused() -> Value {
    problem("Incorrect value")
}
