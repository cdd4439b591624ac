//! An instance with a mail server, and waiting for mails.

use platform::testing::{ReceivedMail, SmtpFake, TestApp};
use serde_json::{Value, json};

use crate::support::{TestUser, eventually, start_with, value};

pub const RESET: &str = "Choose a new SelfLink password";
pub const CHANGED: &str = "Your SelfLink password was changed";
pub const VERIFY: &str = "Verify your e-mail address";
pub const NEW_ADDRESS: &str = "Confirm your new e-mail address";
pub const NOTICE: &str = "Your SelfLink address is about to change";
pub const FACTOR: &str = "The second factor of your SelfLink account";
pub const TAKEN: &str = "This address already has a SelfLink account";

/// What every endpoint that takes a token says of one that is of no use.
pub fn useless_token() -> Value {
    json!({ "token": ["This link is invalid or has expired."] })
}

/// An instance whose mails arrive here.
pub async fn start(settings: &[(&str, &str)]) -> (TestApp, SmtpFake) {
    let server = SmtpFake::start().await;
    let url = server.url();
    let all: Vec<(&str, &str)> = [("SMTP_URL", url.as_str())]
        .into_iter()
        .chain(settings.iter().copied())
        .collect();
    (start_with(&all).await, server)
}

/// Waits for this many mails with this subject to the recipient.
pub async fn mails(server: &SmtpFake, to: &str, subject: &str, count: usize) -> Vec<ReceivedMail> {
    eventually(&format!("{count} mails {subject:?} to {to}"), async || {
        let mut mails = server.mails_to(to);
        mails.retain(|mail| mail.subject == subject);
        (mails.len() >= count).then_some(mails)
    })
    .await
}

/// The first mail with this subject to the recipient.
pub async fn mail(server: &SmtpFake, to: &str, subject: &str) -> ReceivedMail {
    mails(server, to, subject, 1).await.remove(0)
}

/// Waits until no event and no job is left.
pub async fn all_is_done(app: &TestApp) {
    eventually("the end of all work", async || {
        let events: i64 = value(app, "SELECT count(*) FROM outbox").await;
        let jobs = app.app.jobs().counts().await.expect("jobs are counted");
        (events == 0 && jobs.pending == 0 && jobs.running == 0).then_some(())
    })
    .await;
}

/// Signs in; the status.
pub async fn sign_in(app: &TestApp, email: &str, password: &str) -> u16 {
    let credentials = json!({ "email": email, "password": password });
    app.client().post("auth/login/", &credentials).await.status
}

/// Asks for a new password and returns the token of the mail, the `number`th one (from 1).
pub async fn reset_token(app: &TestApp, server: &SmtpFake, user: &TestUser, number: usize) -> String {
    let body = json!({ "email": user.email });
    app.client().post("auth/password/reset/", &body).await.expect(200);
    mails(server, &user.email, RESET, number).await[number - 1].token()
}
