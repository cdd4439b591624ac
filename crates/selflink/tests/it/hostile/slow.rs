//! Connections that say nothing, half of something, or nonsense.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::raw::{address, exchange};
use crate::support::{self, user};

/// Connections that are held open at the same time.
const HELD: usize = 400;

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_hold_up_nobody() {
    let app = support::start().await;
    let ann = user(&app).await;
    let beginnings: [&[u8]; 5] = [
        b"",
        b"G",
        b"GET /api/v1/users/ HTTP/1.1\r\nhost: x\r\nx-slow: ",
        b"POST /api/v1/auth/register/ HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{",
        b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nf",
    ];
    let mut held = Vec::new();
    for number in 0..HELD {
        let mut stream = TcpStream::connect(address(&app.url)).await.expect("connects");
        stream
            .write_all(beginnings[number % beginnings.len()])
            .await
            .expect("sends");
        held.push(stream);
    }
    for _ in 0..5 {
        // Each on a new connection as well as on a kept one.
        ann.client.get("users/me/").await.expect(200);
        app.client().get("/health").await.expect(200);
        user(&app).await;
    }
    // They are still there: nobody was thrown out to make room.
    let mut byte = [0];
    for stream in &mut held {
        let closed = timeout(Duration::from_millis(1), stream.read(&mut byte)).await;
        assert!(closed.is_err(), "a slow client was cut at once: {closed:?}");
    }
    drop(held);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_or_cut() {
    let app = support::start().await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(200_000));
    let wide = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "a".repeat(2_000_000)
    );
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    let nonsense: Vec<&[u8]> = vec![
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nhost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nho st: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n folded: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\0y\r\n\r\n",
        b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n",
        b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/v1/auth/login/ HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n\0\0\0\0",
        b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        long.as_bytes(),
        wide.as_bytes(),
        many.as_bytes(),
    ];
    for request in nonsense {
        let shown = String::from_utf8_lossy(&request[..request.len().min(120)]);
        if let Some(answer) = exchange(address(&app.url), request, true).await {
            assert!(
                (400..500).contains(&answer.status) || shown.starts_with("OPTIONS"),
                "{}: {answer:?}",
                shown.escape_debug()
            );
        }
        app.client().get("/health").await.expect(200);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_early_changes_nothing() {
    let app = support::start().await;
    let ann = user(&app).await;
    let token = ann.client.token.as_deref().expect("is signed in");
    let request = format!(
        "PATCH /api/v1/users/me/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{\"bio\": \"half\"}}"
    );
    let answer = exchange(address(&app.url), request.as_bytes(), true).await;
    assert!(answer.is_none_or(|answer| answer.status == 400));
    assert_eq!(ann.client.get("users/me/").await.expect(200)["bio"], "");
    app.stop().await;
}
