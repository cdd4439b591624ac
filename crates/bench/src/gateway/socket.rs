//! The client's end of a WebSocket, as far as one needs it to listen to our own server, at as little cost as possible:
//! what is measured is the other end.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Room that a socket on which nothing happens has to receive into, in bytes.
const LEAST_ROOM: usize = 512;
/// A response that refuses the handshake is not longer.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// How many sockets share a source address: far fewer than a machine's ephemeral ports.
const PER_SOURCE: usize = 10_000;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// In the second byte of a frame: the payload is masked.
const MASKED: u8 = 0x80;
/// There, instead of the length: it follows.
const LENGTH_OF_16_BITS: u8 = 0x7e;
const LENGTH_OF_64_BITS: u8 = 0x7f;

/// An open WebSocket.
pub struct Socket {
    stream: TcpStream,
    /// What was received: frames that were read up to `read`, then others.
    buffer: Vec<u8>,
    read: usize,
}

/// A frame's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    opcode: u8,
    /// Bytes before the payload.
    bytes: usize,
    payload: usize,
}

impl Socket {
    /// Opens the `number`th socket of a run to a path. Ports of one source address would not do for very many.
    pub async fn open(address: SocketAddr, path: &str, number: usize) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        let source = u8::try_from(1 + number / PER_SOURCE).context("too many sockets")?;
        socket.bind((Ipv4Addr::new(127, 0, 0, source), 0).into())?;
        let stream = socket
            .connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let mut socket = Self {
            stream,
            buffer: Vec::with_capacity(LEAST_ROOM),
            read: 0,
        };
        socket.shake_hands(address, path).await?;
        Ok(socket)
    }

    async fn shake_hands(&mut self, address: SocketAddr, path: &str) -> Result<()> {
        // The key only has to be there: nobody between us and our own server answers from a cache.
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: c2VsZmxpbmstYmVuY2gtMQ==\r\n\r\n"
        );
        self.stream
            .write_all(request.as_bytes())
            .await
            .context("asking for a WebSocket")?;
        let end = loop {
            self.receive().await?;
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(
                self.buffer.len() < MAX_HEAD_BYTES,
                "the answer to the handshake is too long"
            );
        };
        ensure!(
            self.buffer.starts_with(b"HTTP/1.1 101 "),
            "the handshake was refused: {}",
            String::from_utf8_lossy(&self.buffer)
        );
        self.read = end;
        Ok(())
    }

    /// The next message; pings are answered on the way. An error at a close frame, which it quotes.
    ///
    /// Nothing is lost when the returned future is dropped.
    pub async fn next(&mut self) -> Result<&[u8]> {
        loop {
            let Some(head) = parse_head(&self.buffer[self.read..])? else {
                self.receive().await?;
                continue;
            };
            let start = self.read + head.bytes;
            let end = start + head.payload;
            if self.buffer.len() < end {
                self.receive().await?;
                continue;
            }
            self.read = end;
            match head.opcode {
                TEXT | BINARY => return Ok(&self.buffer[start..end]),
                PING => {
                    let pong = frame(PONG, &self.buffer[start..end]);
                    self.stream.write_all(&pong).await.context("answering a ping")?;
                }
                PONG => {}
                CLOSE => bail!("the server closed: {}", closing(&self.buffer[start..end])),
                other => bail!("a frame of unknown kind {other}"),
            }
        }
    }

    /// Sends a text message.
    pub async fn send(&mut self, text: &[u8]) -> Result<()> {
        self.stream
            .write_all(&frame(TEXT, text))
            .await
            .context("sending a frame")
    }

    async fn receive(&mut self) -> Result<()> {
        // What was read makes room; a rest of a frame is moved to the front.
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.reserve(LEAST_ROOM);
        let received = self
            .stream
            .read_buf(&mut self.buffer)
            .await
            .context("reading a frame")?;
        ensure!(received > 0, "the server hung up without a close frame");
        Ok(())
    }
}

/// Reads a frame's head; `None` as long as it has not arrived in full.
fn parse_head(received: &[u8]) -> Result<Option<Head>> {
    let &[first, second, ref rest @ ..] = received else {
        return Ok(None);
    };
    ensure!(first & 0x80 != 0, "the server sent a message in pieces");
    ensure!(second & MASKED == 0, "the server sent a masked frame");
    let length = match second {
        LENGTH_OF_16_BITS => rest.get(..2).map(|bytes| (4, bytes)),
        LENGTH_OF_64_BITS => rest.get(..8).map(|bytes| (10, bytes)),
        _ => Some((2, std::slice::from_ref(&received[1]))),
    };
    let Some((bytes, digits)) = length else {
        return Ok(None);
    };
    let payload = digits
        .iter()
        .fold(0_u64, |number, &byte| (number << 8) | u64::from(byte));
    Ok(Some(Head {
        opcode: first & 0x0f,
        bytes,
        payload: usize::try_from(payload)?,
    }))
}

/// A frame of a client. The mask is 0, which changes nothing: it protects proxies, of which there are none.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(payload.len()) {
        Ok(length @ ..126) => frame.push(MASKED | u8::try_from(length).unwrap_or_default()),
        Ok(length) => {
            frame.push(MASKED | LENGTH_OF_16_BITS);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(MASKED | LENGTH_OF_64_BITS);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// What a close frame says.
fn closing(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => format!(
            "{} {}",
            u16::from_be_bytes([*high, *low]),
            String::from_utf8_lossy(reason)
        ),
        _ => "without a code".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_once_they_are_whole() {
        let head = |bytes: &[u8]| {
            let head = parse_head(bytes).unwrap()?;
            Some((head.opcode, head.bytes, head.payload))
        };
        assert_eq!(head(&[0x81]), None);
        assert_eq!(head(&[0x81, 5]), Some((TEXT, 2, 5)));
        assert_eq!(head(&[0x81, 126, 1]), None);
        assert_eq!(head(&[0x81, 126, 1, 4]), Some((TEXT, 4, 260)));
        assert_eq!(
            head(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
            Some((BINARY, 10, 65_536))
        );
        assert!(parse_head(&[0x01, 5]).is_err());
        assert!(parse_head(&[0x81, 0x85]).is_err());
    }

    #[test]
    fn frames_of_every_length_are_masked_with_nothing() {
        for (length, head) in [(5, 6), (125, 6), (126, 8), (65_535, 8), (65_536, 14)] {
            let sent = frame(TEXT, &vec![7; length]);
            assert_eq!(sent.len(), head + length, "{length}");
            assert_eq!((sent[0], sent[1] & 0x80), (0x81, 0x80));
        }
    }

    #[test]
    fn close_frames_are_quoted() {
        assert_eq!(closing(&[0x11, 0x38, b'n', b'o']), "4408 no");
        assert_eq!(closing(&[]), "without a code");
    }
}
