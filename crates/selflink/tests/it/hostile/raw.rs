//! HTTP by hand: a client library would refuse to send most of this.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take before the server counts as stuck.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether there is a header line that begins like this.
    pub fn has_header(&self, name: &str) -> bool {
        self.head
            .lines()
            .any(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))
    }
}

/// The address of an instance.
pub fn address(url: &str) -> &str {
    url.trim_start_matches("http://")
}

/// Sends these bytes on a connection of their own, closes its sending half if `finished`, and reads until the server closes
/// it. `None`: it closed it without an answer.
pub async fn exchange(address: &str, request: &[u8], finished: bool) -> Option<Answer> {
    let stream = TcpStream::connect(address)
        .await
        .expect("the server takes connections");
    let (mut reader, mut writer) = stream.into_split();
    let sending = async {
        // A server that has heard enough closes: what counts is its answer.
        let _ = writer.write_all(request).await;
        if finished {
            let _ = writer.shutdown().await;
        }
        writer
    };
    let receiving = async {
        let mut received = Vec::new();
        let mut piece = vec![0; 16 * 1024];
        loop {
            let read = timeout(PATIENCE, reader.read(&mut piece)).await;
            match read.expect("the server answers and closes") {
                Ok(0) | Err(_) => break received,
                Ok(length) => received.extend_from_slice(&piece[..length]),
            }
        }
    };
    let (_writer, received) = tokio::join!(sending, receiving);
    parse(&received)
}

fn parse(received: &[u8]) -> Option<Answer> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer {
        status,
        head,
        body: received[end + 4..].to_vec(),
    };
    if answer.has_header("transfer-encoding") {
        answer.body = unchunked(&answer.body)?;
    }
    Some(answer)
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let data = rest.get(end + 2..end + 2 + size)?;
        body.extend_from_slice(data);
        rest = rest.get(end + 4 + size..)?;
    }
}
