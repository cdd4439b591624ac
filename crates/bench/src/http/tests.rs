use std::time::Duration;

use tokio::net::TcpListener;

use super::*;

fn parse(text: &str) -> Result<Option<Head>> {
    parse_head(text.as_bytes())
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn a_head_says_status_and_length() {
    let text = "HTTP/1.1 201 Created\r\nServer: x\r\nContent-Length: 12\r\n\r\n{";
    let expected = Head {
        status: 201,
        bytes: text.len() - 1,
        body_bytes: 12,
        closes: false,
    };
    assert_eq!(parse(text).unwrap(), Some(expected));
}

#[test]
fn a_head_is_awaited_until_its_last_byte() {
    let text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    for end in 0..text.len() {
        assert_eq!(parse(&text[..end]).unwrap(), None, "{end}");
    }
    assert!(parse(text).unwrap().is_some());
}

#[test]
fn bodies_of_unknown_length_are_refused() {
    assert!(refusal("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").contains("chunked"));
    assert!(refusal("HTTP/1.1 200 OK\r\nserver: x\r\n\r\n").contains("without a content-length"));
    assert!(refusal("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n").contains("not a number"));
}

#[test]
fn no_content_needs_no_length() {
    assert_eq!(
        parse("HTTP/1.1 204 No Content\r\n\r\n")
            .unwrap()
            .unwrap()
            .body_bytes,
        0
    );
}

#[test]
fn other_protocols_are_refused() {
    assert!(refusal("SSH-2.0-OpenSSH\r\n").contains("status line"));
    assert!(refusal("HTTP/1.0 200 OK\r\n").contains("status line"));
}

#[test]
fn the_end_of_keep_alive_is_seen() {
    let text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: close\r\n\r\n";
    assert!(parse(text).unwrap().unwrap().closes);
}

#[test]
fn requests_are_rendered() {
    let address = SocketAddr::from(([127, 0, 0, 1], 8000));
    let text = String::from_utf8(get(address, "/health", Some("abc"))).unwrap();
    assert!(text.starts_with("GET /health HTTP/1.1\r\nhost: 127.0.0.1:8000\r\n"));
    assert!(text.ends_with("\r\nauthorization: Bearer abc\r\n\r\n"));
    let text = String::from_utf8(post(address, "/x", None, &serde_json::json!({"a": 1}))).unwrap();
    assert!(text.ends_with("\r\ncontent-length: 7\r\n\r\n{\"a\":1}"));
}

/// Answers each request on one connection with the next of `answers`, sent in the given pieces; hangs up at the
/// request after the last.
async fn serve(answers: Vec<Vec<String>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = [0; 1024];
        for pieces in answers {
            assert!(stream.read(&mut request).await.unwrap() > 0);
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        let _ = stream.read(&mut request).await;
    });
    address
}

fn response(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test(flavor = "local")]
async fn split_packets_make_one_response_and_the_connection_stays() {
    let split = response("first").chars().map(String::from).collect();
    let long = "x".repeat(3 * BUFFER_BYTES);
    let address = serve(vec![split, vec![response(&long)], vec![response("")]]).await;
    let mut connection = Connection::open(address).await.unwrap();
    let request = get(address, "/", None);
    for body in ["first", &long, ""] {
        let answer = connection.send(&request).await.unwrap();
        assert!(answer.is_success());
        assert_eq!(answer.body, body.as_bytes());
    }
    let end = connection.send(&request).await.unwrap_err();
    assert!(end.to_string().contains("closed the connection"), "{end}");
}

#[tokio::test(flavor = "local")]
async fn more_bytes_than_announced_are_an_error() {
    let address = serve(vec![vec![response("x") + "y"]]).await;
    let mut connection = Connection::open(address).await.unwrap();
    let error = connection.send(&get(address, "/", None)).await.unwrap_err();
    assert!(error.to_string().contains("1 bytes more"), "{error}");
}

#[tokio::test(flavor = "local")]
async fn answers_come_back_in_the_order_of_their_requests() {
    let address = serve(vec![vec![response("one")], vec![response("two")]]).await;
    let requests = vec![get(address, "/1", None), get(address, "/2", None)];
    assert_eq!(send_all(address, requests, 1).await.unwrap(), [b"one", b"two"]);
}

#[tokio::test(flavor = "local")]
async fn a_refusal_ends_the_sending_with_its_status_and_body() {
    let refusal = String::from("HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\ntaken");
    let address = serve(vec![vec![refusal]]).await;
    let error = send_all(address, vec![get(address, "/", None)], 1)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the server answered 400: taken");
}
