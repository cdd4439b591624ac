//! HTTP/1.1 as far as one needs it to keep our own server busy, at as little cost as possible.

use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Large enough for a page of 20 objects to arrive in one read.
const BUFFER_BYTES: usize = 64 * 1024;

/// Longer heads than this are taken for something other than HTTP.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// A GET request, rendered.
pub fn get(address: SocketAddr, path: &str, token: Option<&str>) -> Vec<u8> {
    without_body("GET", address, path, token)
}

/// A request without a body, rendered.
pub fn without_body(method: &str, address: SocketAddr, path: &str, token: Option<&str>) -> Vec<u8> {
    let mut request = head(method, address, path, token);
    request.push_str("\r\n");
    request.into_bytes()
}

/// A POST request with a JSON body, rendered.
pub fn post(address: SocketAddr, path: &str, token: Option<&str>, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    let head = head("POST", address, path, token);
    format!("{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

fn head(method: &str, address: SocketAddr, path: &str, token: Option<&str>) -> String {
    let authorization = token
        .map(|token| format!("authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: selflink-bench\r\n{authorization}")
}

/// The status line and the headers of a response, as far as they matter here.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// The length of status line, headers and the empty line after them, in bytes.
    bytes: usize,
    /// The length of the body that follows, in bytes.
    body_bytes: usize,
    /// Whether the server will close the connection after the body.
    closes: bool,
}

/// Reads a response's head; `None` as long as it has not arrived in full.
fn parse_head(received: &[u8]) -> Result<Option<Head>> {
    let Some(mut at) = line_end(received) else {
        return Ok(None);
    };
    let status = parse_status(&received[..at])?;
    let mut length = None;
    let mut closes = false;
    loop {
        let Some(bytes) = line_end(&received[at..]) else {
            return Ok(None);
        };
        let line = received[at..at + bytes].trim_ascii_end();
        at += bytes;
        if line.is_empty() {
            break;
        }
        if let Some(value) = header_value(line, b"content-length") {
            length = Some(parse_length(value)?);
        } else if header_value(line, b"transfer-encoding").is_some() {
            bail!("the server sent a chunked body; bench reads only bodies with a content-length");
        } else if let Some(value) = header_value(line, b"connection") {
            closes = value.eq_ignore_ascii_case(b"close");
        }
    }
    let bodiless = matches!(status, 204 | 304);
    let body_bytes = match length {
        _ if bodiless => 0,
        Some(length) => length,
        None => bail!("the server sent a response (status {status}) without a content-length"),
    };
    Ok(Some(Head {
        status,
        bytes: at,
        body_bytes,
        closes,
    }))
}

/// The length of the first line with its line feed, if it has arrived.
fn line_end(received: &[u8]) -> Option<usize> {
    received.iter().position(|&byte| byte == b'\n').map(|at| at + 1)
}

fn parse_status(line: &[u8]) -> Result<u16> {
    let status = line.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = status.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    status.with_context(|| format!("not an HTTP/1.1 status line: {:?}", String::from_utf8_lossy(line)))
}

fn header_value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    found.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

fn parse_length(value: &[u8]) -> Result<usize> {
    let text = String::from_utf8_lossy(value);
    text.parse()
        .with_context(|| format!("content-length {text:?} is not a number"))
}

/// One keep-alive connection to the server.
pub struct Connection {
    stream: TcpStream,
    /// Everything received of the current response. Its length is the room to receive into.
    buffer: Vec<u8>,
}

/// A response, until the connection is used again.
#[derive(Debug)]
pub struct Response<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Response<'_> {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; BUFFER_BYTES],
        })
    }

    /// Sends one request and reads the whole response to it.
    ///
    /// An error if the connection breaks, or if the response is not one [`Connection`] can read or keep the
    /// connection alive after.
    pub async fn send(&mut self, request: &[u8]) -> Result<Response<'_>> {
        self.stream
            .write_all(request)
            .await
            .context("sending a request")?;
        let mut filled = 0;
        let head = loop {
            filled += self.receive(filled).await?;
            if let Some(head) = parse_head(&self.buffer[..filled])? {
                break head;
            }
            ensure!(
                filled < MAX_HEAD_BYTES,
                "the head of a response exceeds {MAX_HEAD_BYTES} bytes"
            );
        };
        let end = head.bytes + head.body_bytes;
        if end > self.buffer.len() {
            self.buffer.resize(end, 0);
        }
        while filled < end {
            filled += self.receive(filled).await?;
        }
        ensure!(
            filled == end,
            "the server sent {} bytes more than it announced",
            filled - end
        );
        let body = &self.buffer[head.bytes..end];
        ensure!(
            !head.closes,
            "the server closes the connection after status {}: {}",
            head.status,
            String::from_utf8_lossy(body)
        );
        Ok(Response {
            status: head.status,
            body,
        })
    }

    async fn receive(&mut self, filled: usize) -> Result<usize> {
        let received = self
            .stream
            .read(&mut self.buffer[filled..])
            .await
            .context("reading a response")?;
        ensure!(received > 0, "the server closed the connection");
        Ok(received)
    }
}

/// Sends each request once, over `connections` connections; the bodies of the responses, in the same order.
///
/// An error at the first response that is not a success.
pub async fn send_all(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    connections: usize,
) -> Result<Vec<Vec<u8>>> {
    let requests = Rc::new(requests);
    let mut tasks = JoinSet::new();
    for first in 0..connections {
        let requests = Rc::clone(&requests);
        tasks.spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            let mut bodies = Vec::new();
            for (index, request) in requests.iter().enumerate().skip(first).step_by(connections) {
                let response = connection.send(request).await?;
                let body = response.body.to_vec();
                let text = String::from_utf8_lossy(&body);
                ensure!(
                    response.is_success(),
                    "the server answered {}: {text}",
                    response.status
                );
                bodies.push((index, body));
            }
            anyhow::Ok(bodies)
        });
    }
    let mut bodies = vec![Vec::new(); requests.len()];
    while let Some(finished) = tasks.join_next().await {
        for (index, body) in finished?? {
            bodies[index] = body;
        }
    }
    Ok(bodies)
}

#[cfg(test)]
mod tests;
