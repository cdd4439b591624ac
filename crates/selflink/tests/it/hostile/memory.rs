//! Memory under attack: a process of its own, so that nothing else counts.

use futures::future::join_all;
use platform::testing::{Client, TestDatabase};
use serde_json::json;

use super::{
    api::{Endpoint, Field},
    huge::{bodies, request},
    raw::{address, exchange},
};
use crate::{
    program::{Program, selflink},
    support::PASSWORD,
};

/// What the process may have had in memory at most, in KiB. It needs about 50 MiB when idle, and holds each body that
/// is within the limits while it is read.
const MOST: u64 = 300 * 1024;
const ROUNDS: usize = 4;
/// Requests at the same time.
const CLIENTS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_bounded() {
    let database = TestDatabase::create().await;
    let program = Program::start(selflink(&database, &["serve", "--bind", "127.0.0.1:0"])).await;
    let client = Client::new(&program.url);
    let body = json!({ "email": "m@example.com", "password": PASSWORD, "name": "M" });
    let answer = client.post("auth/register/", &body).await.expect(201);
    let token = answer["token"].as_str().expect("a token");
    let targets = [
        ("POST", "/api/v1/auth/register/", "name"),
        ("PATCH", "/api/v1/users/me/", "settings"),
    ];
    for (method, path, field) in targets {
        let endpoint = Endpoint {
            method: method.to_owned(),
            path: path.to_owned(),
            parameters: Vec::new(),
            fields: vec![Field {
                name: field.to_owned(),
                inner: Vec::new(),
            }],
        };
        for huge in bodies(field) {
            let request = request(&endpoint, path, token, &huge, false);
            for _ in 0..ROUNDS {
                let sent = (0..CLIENTS).map(|_| exchange(address(&program.url), &request, false));
                for answer in join_all(sent).await {
                    let answer = answer.unwrap_or_else(|| panic!("no answer to {}", huge.what));
                    assert!(answer.status < 500, "{}: {answer:?}", huge.what);
                }
            }
            let most = peak(program.id());
            assert!(most < MOST, "{most} KiB after {} to {path}", huge.what);
        }
    }
    println!("at most {} KiB", peak(program.id()));
    program.kill().await;
}

/// The most that a process has had in memory, in KiB.
fn peak(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("the process runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("Linux tells");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
