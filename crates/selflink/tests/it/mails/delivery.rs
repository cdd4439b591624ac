//! What becomes of a mail when its server is away or refuses it.

use platform::testing::Mood;
use serde_json::json;

use super::post::{self, RESET, all_is_done, mail, mails};
use crate::support::{eventually, start_with, user, value};

#[tokio::test]
async fn a_mail_that_was_refused_is_sent_later_and_arrives_once() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    server.be(Mood::Refusing(451));
    let body = json!({ "email": ann.email });
    app.client().post("auth/password/reset/", &body).await.expect(200);
    // An attempt leaves its token behind; it was told to nobody.
    eventually("a failed attempt", async || {
        let tokens: i64 = value(&app, "SELECT count(*) FROM one_time_tokens").await;
        (tokens > 0).then_some(())
    })
    .await;
    server.be(Mood::Obliging);
    let token = mail(&server, &ann.email, RESET).await.token();
    all_is_done(&app).await;
    assert_eq!(mails(&server, &ann.email, RESET, 1).await.len(), 1);
    let body = json!({ "token": token, "new_password": "An0ther-Passphrase" });
    app.client()
        .post("auth/password/reset/confirm/", &body)
        .await
        .expect(200);
    app.stop().await;
}

#[tokio::test]
async fn links_lead_to_the_pages_of_the_instance() {
    let page = "https://app.example.org/reset?token={token}";
    let (app, server) = post::start(&[
        ("PASSWORD_RESET_URL", page),
        ("MAIL_FROM", "SelfLink <hi@example.org>"),
    ])
    .await;
    let ann = user(&app).await;
    let body = json!({ "email": ann.email });
    app.client().post("auth/password/reset/", &body).await.expect(200);
    let mail = mail(&server, &ann.email, RESET).await;
    let link = page.replace("{token}", &mail.token());
    assert!(
        mail.text.lines().any(|line| line.trim_end() == link),
        "{}",
        mail.text
    );
    assert!(
        mail.html.contains(&format!("<a href=\"{link}\">")),
        "{}",
        mail.html
    );
    assert!(mail.text.contains(&format!("Hi @{}", ann.handle)));
    assert_eq!(mail.from, "hi@example.org");
    app.stop().await;
}

#[tokio::test]
async fn without_a_server_a_laptop_goes_on_and_keeps_no_token_or_address_in_a_job() {
    let app = start_with(&[]).await;
    let ann = user(&app).await;
    let body = json!({ "email": ann.email });
    app.client().post("auth/password/reset/", &body).await.expect(200);
    eventually("the token of the mail in the log", async || {
        let tokens: i64 = value(&app, "SELECT count(*) FROM one_time_tokens").await;
        (tokens == 1).then_some(())
    })
    .await;
    all_is_done(&app).await;
    let jobs = app.app.jobs().counts().await.expect("jobs are counted");
    assert_eq!(jobs.dead, 0);
    app.stop().await;
}

#[tokio::test]
async fn settings_that_cannot_be_used_stop_the_start() {
    for (name, text) in [
        ("SMTP_URL", "http://user:s3cret@mail.example.org"),
        ("MAIL_FROM", "nobody"),
        ("PASSWORD_RESET_URL", "https://app.example.org/reset"),
        ("EMAIL_VERIFICATION", "perhaps"),
        ("SIGN_IN_PAIR_RATE", "often"),
    ] {
        let finished = crate::cli::run_with(&["config"], &[(name, text)]).await;
        assert_ne!(finished.status, Some(0), "{name}");
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(said.contains(name) && !said.contains("s3cret"), "{said}");
    }
}
