//! Secrets stay secret: in the database, in the log, and after a change of `SECRET_KEY`.

use platform::testing::{Client, TestApp, TestDatabase};
use sea_orm::{ConnectionTrait as _, QueryResult, TryGetable};
use serde_json::{Value, json};

use super::{Browser, challenge, enrol, log_in, register, sign_in_with_passkey, totp};
use crate::{
    cli::run,
    program::{Program, selflink},
    support::{PASSWORD, start, user},
};

async fn texts_of(app: &TestApp, table: &str, columns: &[&str]) -> String {
    let query = format!("SELECT {} FROM {table}", columns.join(", "));
    let db = app.app.db();
    let rows = db
        .reader()
        .query_all_raw(platform::db::sql(db.engine(), query))
        .await;
    let read = |row: &QueryResult, at| String::try_get_by_index(row, at).expect("is a text");
    let rows = rows.expect("the query runs");
    let texts = rows
        .iter()
        .flat_map(|row| (0..columns.len()).map(move |at| read(row, at)));
    texts.collect::<Vec<String>>().join("\n")
}

#[tokio::test]
async fn the_database_holds_no_secret_in_clear() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let open = challenge(&app, &ann).await;
    let stored = [
        texts_of(&app, "authenticators", &["secret"]).await,
        texts_of(&app, "recovery_codes", &["code_hash"]).await,
        texts_of(&app, "challenges", &["token_hash"]).await,
    ]
    .join("\n");
    assert!(stored.lines().count() == 12, "{stored}");
    let raw = totp(&phone.secret).secret().as_bytes().to_vec();
    let mut secrets = vec![phone.secret.clone(), open, super::browser::encoded(&raw)];
    for code in &phone.recovery_codes {
        secrets.extend([code.clone(), code.replace('-', "")]);
    }
    for secret in secrets {
        assert!(!stored.contains(&secret), "{secret} is in {stored}");
    }
    // Two accounts never have the same stored form, and one's does not open for another.
    let bob = user(&app).await;
    let other = enrol(&app, &bob).await;
    crate::support::execute(
        &app,
        &format!(
            "UPDATE authenticators SET secret = (SELECT secret FROM authenticators WHERE user_id = {}) WHERE user_id = {}",
            ann.id, bob.id
        ),
    )
    .await;
    for code in [phone.code(&app, 0), other.code(&app, 0)] {
        log_in(&app, &bob, Some(&code)).await.expect(400);
    }
    app.stop().await;
}

#[tokio::test]
async fn another_secret_key_needs_recovery_codes_or_passkeys() {
    let app = start().await;
    let ann = user(&app).await;
    let phone = enrol(&app, &ann).await;
    let mut browser = Browser::new();
    register(&ann, &mut browser).await;
    let settings = [("SECRET_KEY", "quite another key")];
    let after = TestApp::on(app.database(), selflink::instance(), &settings).await;
    after.advance(app.app.clock().now() - after.app.clock().now());
    log_in(&after, &ann, Some(&phone.code(&after, 0)))
        .await
        .expect(400);
    log_in(&after, &ann, Some(&phone.recovery_codes[0]))
        .await
        .expect(200);
    sign_in_with_passkey(&after, &mut browser).await.expect(200);
    after.stop().await;
    app.stop().await;
}

#[tokio::test]
async fn the_log_holds_no_secret() {
    let database = TestDatabase::create().await;
    run(&database, &["migrate"]).await.succeeded();
    let mut command = selflink(&database, &["serve", "--bind", "127.0.0.1:0"]);
    command.env("LOG_LEVEL", "trace");
    let program = Program::start(command).await;
    let client = Client::new(&program.url);
    let body = json!({ "email": "ann@example.com", "password": PASSWORD, "name": "Ann" });
    let registered = client.post("auth/register/", &body).await.expect(201);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let ann = client.with_token(&text(&registered["token"]));
    let started = ann
        .post("auth/totp/start/", &json!({ "password": PASSWORD }))
        .await
        .expect(200);
    let secret = text(&started["secret"]);
    let seconds = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    let code = totp(&secret).generate(seconds).to_string();
    let confirmed = ann
        .post("auth/totp/confirm/", &json!({ "code": code }))
        .await
        .expect(200);
    let recovery_code = text(&confirmed["recovery_codes"][0]);
    let body = json!({ "email": "ann@example.com", "password": PASSWORD });
    let open = text(&client.post("auth/login/", &body).await.expect(400)["challenge"]);
    let answer = json!({ "challenge": open, "code": recovery_code });
    client.post("auth/second-factor/", &answer).await.expect(200);
    let log = program.output();
    assert!(log.contains("auth/second-factor/"), "requests are logged: {log}");
    for secret in [
        secret,
        recovery_code.replace('-', ""),
        recovery_code,
        open,
        PASSWORD.to_owned(),
    ] {
        assert!(!log.contains(&secret), "the log holds {secret}");
    }
    program.kill().await;
}
