//! Senders that take their time.

use std::time::Duration;

use platform::testing::TestApp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{EDGE, open, png};
use crate::support::{TestUser, start_with, user};

/// Sends a request with a pause in the middle of its body, and returns the first line of the answer.
async fn sent_slowly(app: &TestApp, head: &str, body: &[u8], pause: Duration) -> String {
    let address = app.url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!("{head}\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.expect("is sent");
    let (first, second) = body.split_at(body.len() / 2);
    stream.write_all(first).await.expect("is sent");
    tokio::time::sleep(pause).await;
    // It may have been cut off by now.
    let _ = stream.write_all(second).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("is answered");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn head_and_body(ann: &TestUser, kind: &str) -> (String, Vec<u8>) {
    let token = ann.client.token.as_deref().expect("is signed in");
    match kind {
        "form" => {
            let part = "Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
            let start = format!("--{EDGE}\r\n{part}").into_bytes();
            let end = format!("\r\n--{EDGE}--\r\n").into_bytes();
            let body = [start, png(), end];
            let head = format!(
                "POST /api/v1/media/ HTTP/1.1\r\nauthorization: Bearer {token}\r\n\
                 content-type: multipart/form-data; boundary={EDGE}"
            );
            (head, body.concat())
        }
        "file" => {
            let opened = open(ann, "a.png", "image/png", png().len()).await.expect(201);
            let url = opened["url"].as_str().expect("is a URL");
            let path = &url[url.find("/api/").expect("is ours")..];
            (format!("PUT {path} HTTP/1.1\r\ncontent-type: image/png"), png())
        }
        _ => {
            let body = br#"{"s3_key":"k","mime":"m"}"#.to_vec();
            let head = format!(
                "POST /api/v1/media/ HTTP/1.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json"
            );
            (head, body)
        }
    }
}

#[tokio::test]
async fn files_get_longer_than_other_requests() {
    let app = start_with(&[("HTTP_REQUEST_TIMEOUT_SECONDS", "1")]).await;
    let ann = user(&app).await;
    let pause = Duration::from_millis(1500);
    for (kind, status) in [("form", "201"), ("file", "204"), ("json", "503")] {
        let (head, body) = head_and_body(&ann, kind).await;
        let answer = sent_slowly(&app, &head, &body, pause).await;
        assert_eq!(answer, format!("HTTP/1.1 {status}"), "{kind}");
    }
    app.stop().await;
}

#[tokio::test]
async fn who_is_slower_than_that_is_cut_off() {
    let app = start_with(&[("HTTP_UPLOAD_TIMEOUT_SECONDS", "1")]).await;
    let ann = user(&app).await;
    for kind in ["form", "file"] {
        let (head, body) = head_and_body(&ann, kind).await;
        let answer = sent_slowly(&app, &head, &body, Duration::from_millis(1500)).await;
        assert_eq!(answer, "HTTP/1.1 503", "{kind}");
    }
    app.stop().await;
}
