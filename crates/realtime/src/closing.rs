//! How connections end: the codes that clients and operators see.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use serde_json::json;

/// Why the gateway ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter)]
pub enum Closing {
    /// The token is missing or not ours, or its session has ended: signing in anew is the only way back.
    Unauthorized,
    /// The token has run out: a fresh one is the way back.
    TokenEnded,
    /// The account is deactivated or suspended.
    Inactive,
    /// The client does not read what it is sent.
    SlowConsumer,
    /// The account has opened more connections than it may have.
    TooManySockets,
    /// The client answers neither pings nor anything else.
    Silent,
    /// The account connects too often.
    TooManyConnects,
    /// The client sends too many frames.
    TooManyFrames,
    /// A frame is longer than the gateway takes.
    TooBig,
    /// The client breaks the WebSocket protocol.
    Malformed,
    /// What happens cannot be heard now: the message broker is away.
    NoBroker,
    /// The gateway restarts.
    Restart,
    /// The gateway failed.
    Failed,
}

impl Closing {
    /// The code of the close frame.
    pub fn code(self) -> u16 {
        match self {
            Closing::Unauthorized | Closing::TokenEnded => 4401,
            Closing::Inactive => 4403,
            Closing::SlowConsumer => 4408,
            Closing::TooManySockets => 4409,
            Closing::Silent => 4410,
            Closing::TooManyConnects => 4429,
            Closing::TooManyFrames => 1008,
            Closing::TooBig => 1009,
            Closing::Malformed => 1002,
            Closing::NoBroker => 1013,
            Closing::Restart => 1012,
            Closing::Failed => 1011,
        }
    }

    /// The words of the close frame. Clients end their user's session when they read `unauthorized` or `expired token`, so
    /// that these stand only where the session is over.
    fn reason(self) -> &'static str {
        match self {
            Closing::Unauthorized => "Unauthorized",
            Closing::TokenEnded => "Connect again with a fresh access token",
            Closing::Inactive => "The account is not active",
            Closing::SlowConsumer => "Too many events wait for this connection",
            Closing::TooManySockets => "Too many connections of this account",
            Closing::Silent => "No answer to pings",
            Closing::TooManyConnects => "Too many new connections, wait a minute",
            Closing::TooManyFrames => "Too many frames",
            Closing::TooBig => "The frame is too long",
            Closing::Malformed => "Not the WebSocket protocol",
            Closing::NoBroker => "Try again in a moment",
            Closing::Restart => "The gateway restarts, connect again",
            Closing::Failed => "Something went wrong, connect again",
        }
    }

    /// Whether what waits for the connection is not sent any more.
    pub fn is_at_once(self) -> bool {
        self != Closing::Restart
    }

    /// The frame before the close frame, for clients that cannot read that one.
    pub fn farewell(self) -> Option<Message> {
        let status = match self {
            Closing::Unauthorized => 401,
            Closing::Inactive => 403,
            _ => return None,
        };
        let frame = json!({ "type": "error", "status": status, "message": self.reason() });
        Some(Message::Text(frame.to_string().into()))
    }

    /// The close frame.
    pub fn frame(self) -> Message {
        Message::Close(Some(CloseFrame {
            code: self.code(),
            reason: Utf8Bytes::from_static(self.reason()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn only_the_end_of_a_session_reads_like_one() {
        for closing in Closing::iter() {
            let words = format!("{} {:?}", closing.reason(), closing.farewell()).to_lowercase();
            let ends_session = words.contains("unauthorized") || words.contains("expired");
            assert_eq!(ends_session, closing == Closing::Unauthorized, "{closing:?}");
            assert!(closing.reason().len() <= 123, "fits into a close frame");
        }
    }
}
