//! The frames that the gateway and its clients exchange about the connection itself.

use axum::extract::ws::{Message, Utf8Bytes};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// What every frame of an event that is remembered begins with.
const EVENT_ID: &[u8] = b"{\"event_id\":\"";

/// `{"type":"ack","message":"connected"}`
pub const CONNECTED: Utf8Bytes = Utf8Bytes::from_static(r#"{"type":"ack","message":"connected"}"#);
const IGNORED: Utf8Bytes = Utf8Bytes::from_static(r#"{"type":"ack","message":"ignored"}"#);
const INVALID: Utf8Bytes = Utf8Bytes::from_static(r#"{"type":"ack","message":"invalid-json"}"#);
const PONG: Utf8Bytes = Utf8Bytes::from_static(r#"{"type":"pong"}"#);

/// The frame of an event, with its id in front, where gateways find it without reading the rest.
pub fn of_event(event: i64, frame: &Map<String, Value>) -> Utf8Bytes {
    let mut text = format!("{{\"event_id\":\"{event}\"");
    for (name, value) in frame.iter().filter(|(name, _)| *name != "event_id") {
        text.push(',');
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        text.push_str(&value.to_string());
    }
    text.push('}');
    text.into()
}

/// The id of the event that a frame tells of, if it is one that is remembered.
pub fn event_of(frame: &Bytes) -> Option<i64> {
    let rest = frame.strip_prefix(EVENT_ID)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()
}

/// What was missed follows; `event` is the last of it, or the one to resume after should nothing follow.
pub fn resumed(missed: usize, event: i64) -> Message {
    text(&json!({ "type": "resumed", "missed": missed, "event_id": event.to_string() }))
}

/// What was missed is not known: the client has to read the lists, and resumes after `event` the next time.
pub fn sync_required(event: i64) -> Utf8Bytes {
    json!({ "type": "sync_required", "event_id": event.to_string() })
        .to_string()
        .into()
}

fn text(frame: &Value) -> Message {
    Message::Text(frame.to_string().into())
}

/// What a client's frame asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// This answer.
    Answer(Utf8Bytes),
    /// What happened after this event.
    Resume(Position),
}

/// Where a client says that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Nowhere: it wants to know from where to resume later.
    New,
    /// After this event.
    After(i64),
    /// At something that is no event.
    Unknown,
}

impl Position {
    /// Reads what a client sent as `last_event_id`.
    pub fn read(text: &str) -> Self {
        match text.trim() {
            "" => Position::New,
            text => text.parse().map_or(Position::Unknown, Position::After),
        }
    }

    fn of(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Position::New,
            Some(Value::String(text)) => Position::read(text),
            Some(Value::Number(number)) => number.as_i64().map_or(Position::Unknown, Position::After),
            Some(_) => Position::Unknown,
        }
    }
}

/// Reads a text frame of a client.
pub fn read(frame: &str) -> Asked {
    let Ok(frame) = serde_json::from_str::<Value>(frame) else {
        return Asked::Answer(INVALID);
    };
    match frame.get("type").and_then(Value::as_str) {
        Some("ping") => Asked::Answer(PONG),
        Some("resume") => Asked::Resume(Position::of(frame.get("last_event_id"))),
        _ => Asked::Answer(IGNORED),
    }
}

/// The answer to a binary frame.
pub fn ignored() -> Utf8Bytes {
    IGNORED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_its_id_in_front_and_once() {
        let frame = json!({ "type": "x", "a\"b": [1, null], "event_id": "other" });
        let text = of_event(12, frame.as_object().expect("an object"));
        assert_eq!(event_of(&Bytes::from(text.clone())), Some(12));
        let read: Value = serde_json::from_str(&text).expect("is JSON");
        assert_eq!(read, json!({ "type": "x", "a\"b": [1, null], "event_id": "12" }));
        let empty: Value = serde_json::from_str(&of_event(1, &Map::new())).expect("is JSON");
        assert_eq!(empty, json!({ "event_id": "1" }));
        for other in [
            "{}",
            "{\"event_id\":\"x\"}",
            "{\"event_id\":5}",
            "",
            "{\"event_id\":\"5",
        ] {
            assert_eq!(event_of(&Bytes::from_static(other.as_bytes())), None, "{other}");
        }
    }

    #[test]
    fn frames_of_clients() {
        assert_eq!(read(r#"{"type":"ping"}"#), Asked::Answer(PONG));
        for other in [
            r#"{"type":"zzz"}"#,
            "{}",
            r#"{"type":5}"#,
            "[1]",
            "null",
            "5",
            "\"ping\"",
        ] {
            assert_eq!(read(other), Asked::Answer(IGNORED), "{other}");
        }
        for bad in ["", "ping", "{", &"[".repeat(10_000)] {
            assert_eq!(read(bad), Asked::Answer(INVALID));
        }
        let resume = |id: &str| read(&format!(r#"{{"type":"resume","last_event_id":{id}}}"#));
        assert_eq!(resume("\"12\""), Asked::Resume(Position::After(12)));
        assert_eq!(resume("12"), Asked::Resume(Position::After(12)));
        assert_eq!(resume("\"\""), Asked::Resume(Position::New));
        assert_eq!(resume("null"), Asked::Resume(Position::New));
        for odd in ["\"x\"", "1.5", "[]", "99999999999999999999"] {
            assert_eq!(resume(odd), Asked::Resume(Position::Unknown), "{odd}");
        }
    }
}
