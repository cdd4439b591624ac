//! Starts and ends: of the program, of its jobs, of the servers that it stands on.

mod jobs;
mod postgres;
pub mod redis;

use platform::testing::{Client, TestDatabase};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::{
    program::{PATIENCE, Program, selflink},
    support::eventually,
};

const DEMO: &[&str] = &["serve", "--demo", "--bind", "127.0.0.1:0"];

async fn demo_token(url: &str) -> String {
    let credentials = json!({ "email": "demo-mentor@example.com", "password": "changeme123" });
    let answer = Client::new(url)
        .post("auth/login/", &credentials)
        .await
        .expect(200);
    answer["token"].as_str().expect("a token").to_owned()
}

async fn connect(url: &str) -> TcpStream {
    let address = url.trim_start_matches("http://");
    TcpStream::connect(address).await.expect("connects")
}

/// Reads until `end` has come, or until the server closes.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    while !text.contains(end) {
        let read = timeout(PATIENCE, stream.read(&mut piece)).await;
        match read.expect("the server answers or closes").expect("is read") {
            0 => break,
            length => text.push_str(&String::from_utf8_lossy(&piece[..length])),
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_requests_finish_and_takes_no_new_ones() {
    let database = TestDatabase::create().await;
    let mut command = selflink(&database, DEMO);
    command.env("SHUTDOWN_SECONDS", "60");
    let mut program = Program::start(command).await;
    let url = program.url.clone();
    let token = demo_token(&url).await;

    let mut idle = connect(&url).await;
    let request = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    idle.write_all(request.as_bytes()).await.expect("sends");
    let answer = read_until(&mut idle, "}").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let body = r#"{"bio":"sent slowly"}"#;
    let mut slow = connect(&url).await;
    let head = format!(
        "PATCH /api/v1/users/me/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).await.expect("sends");
    // The server asks for the body: the request is in the hands of its handler.
    let answer = read_until(&mut slow, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 100"), "{answer}");
    slow.write_all(&body.as_bytes()[..5]).await.expect("sends");

    program.terminate();
    let address = url.trim_start_matches("http://").to_owned();
    eventually("no new connections are taken", async || {
        TcpStream::connect(&address).await.err()
    })
    .await;
    assert_eq!(
        read_until(&mut idle, "never").await,
        "",
        "an idle connection is closed"
    );
    assert!(
        program.is_running(),
        "a request is in flight:\n{}",
        program.output()
    );
    slow.write_all(&body.as_bytes()[5..]).await.expect("sends");
    let answer = read_until(&mut slow, "never").await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("sent slowly"),
        "{answer}"
    );
    assert!(
        answer.to_ascii_lowercase().contains("connection: close"),
        "{answer}"
    );
    let status = program.ended().await;
    assert_eq!(status.code(), Some(0), "{}", program.output());

    let again = Program::start(selflink(&database, DEMO)).await;
    let client = Client::new(&again.url).with_token(&token);
    assert_eq!(client.get("users/me/").await.expect(200)["bio"], "sent slowly");
    demo_token(&again.url).await;
    again.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_does_not_hold_the_program() {
    let database = TestDatabase::create().await;
    let mut command = selflink(&database, DEMO);
    command.env("SHUTDOWN_SECONDS", "1");
    let mut program = Program::start(command).await;
    let mut stuck = connect(&program.url).await;
    let head = "POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n";
    stuck.write_all(head.as_bytes()).await.expect("sends");
    read_until(&mut stuck, "\r\n\r\n").await;
    program.terminate();
    let status = program.ended().await;
    assert_eq!(status.code(), Some(0), "{}", program.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_data_survives_kill_nine() {
    let database = TestDatabase::create().await;
    for _ in 0..3 {
        let program = Program::start(selflink(&database, DEMO)).await;
        let client = Client::new(&program.url).with_token(&demo_token(&program.url).await);
        let people = client.get("users/").await.expect(200);
        let people = people["results"].as_array().expect("a list");
        assert_eq!(people.len(), 3);
        assert!(people.iter().all(|one| one["followers_count"] == 2), "{people:?}");
        program.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_named_with_the_option_that_changes_it() {
    let database = TestDatabase::create().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = taken.local_addr().expect("has an address").to_string();
    for role in ["serve", "api", "stream", "realtime"] {
        let mut program = Program::spawn(selflink(&database, &[role, "--bind", &address]));
        let status = program.ended().await;
        let output = eventually("it says why", async || {
            Some(program.output()).filter(|output| output.contains("--bind"))
        })
        .await;
        assert_eq!(status.code(), Some(1), "{role}: {output}");
        assert!(output.contains(&address), "{role}: {output}");
    }
}
