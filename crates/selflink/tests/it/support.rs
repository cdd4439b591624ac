//! What tests of this program share.

use std::time::Duration;

use platform::{
    clock::random_hex,
    testing::{Client, TestApp},
};
use sea_orm::{ConnectionTrait as _, DbErr, TryGetable};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

/// How long something that happens by itself (a delivery, a job) may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A password that is accepted.
pub const PASSWORD: &str = "Tr1cky-Passphrase-77";

/// The program as it is shipped, on a fresh database.
pub async fn start() -> TestApp {
    TestApp::start(selflink::instance()).await
}

/// The same with further settings.
pub async fn start_with(settings: &[(&str, &str)]) -> TestApp {
    TestApp::with(selflink::instance(), settings).await
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

/// A registered user who belongs to staff.
pub async fn staff(app: &TestApp) -> TestUser {
    let staff = user(app).await;
    execute(
        app,
        &format!("UPDATE users SET is_staff = TRUE WHERE id = {}", staff.id),
    )
    .await;
    staff
}

/// Takes an account out of use, as an administrator would.
pub async fn deactivate(app: &TestApp, id: i64) {
    execute(
        app,
        &format!("UPDATE users SET is_active = FALSE WHERE id = {id}"),
    )
    .await;
}

/// Changes the database behind the program's back.
pub async fn execute(app: &TestApp, statement: &str) {
    let written = app
        .app
        .db()
        .write(|tx| async move { tx.execute_unprepared(statement).await.map(drop) });
    written
        .await
        .unwrap_or_else(|error: DbErr| panic!("{statement}: {error}"));
}

/// The one value that a query finds.
pub async fn value<T: TryGetable>(app: &TestApp, query: &str) -> T {
    let db = app.app.db();
    let row = db
        .reader()
        .query_one_raw(platform::db::sql(db.engine(), query))
        .await;
    let row = row.expect("the query runs").expect("there is a row");
    row.try_get_by_index(0).expect("the value has this type")
}

/// Sends these bytes and reads the answer until the server closes or has sent a whole answer.
pub async fn raw(app: &TestApp, request: &[u8]) -> String {
    let address = app.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(request).await.expect("is sent");
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        match tokio::time::timeout(PATIENCE, stream.read(&mut part))
            .await
            .expect("the server answers")
        {
            Ok(0) | Err(_) => break,
            Ok(length) => answer.extend_from_slice(&part[..length]),
        }
        if is_whole(&answer) {
            break;
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    length.is_some_and(|length: usize| body.len() >= length)
}

/// Asks again and again until there is an answer.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The values of a field in the items of a page or array.
pub fn field<'a>(items: &'a Value, name: &str) -> Vec<&'a Value> {
    let items = items
        .get("results")
        .unwrap_or(items)
        .as_array()
        .expect("is a list");
    items.iter().map(|item| &item[name]).collect()
}
