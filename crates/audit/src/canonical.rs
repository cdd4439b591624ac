//! The one way to write an event down for hashing: compact JSON, keys in the order of their code points, everything but
//! printable ASCII escaped. `json.dumps(…, sort_keys=True, separators=(",", ":"))` of Python writes the same.

use std::fmt::Write as _;

use chrono::{DateTime, Timelike as _, Utc};
use platform::id::UserId;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// What the hash of an event covers.
pub struct Hashed<'a> {
    /// `hash_self` of the event before; empty for the first.
    pub prev: &'a str,
    pub created_at: DateTime<Utc>,
    pub actor_user_id: Option<UserId>,
    pub action: &'a str,
    pub object_type: &'a str,
    pub object_id: &'a str,
    pub metadata: &'a Map<String, Value>,
}

impl Hashed<'_> {
    /// The hash: SHA-256 of the canonical form, in lower-case hexadecimal digits.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.canonical()))
    }

    fn canonical(&self) -> String {
        let actor = self
            .actor_user_id
            .map_or_else(String::new, |actor| actor.to_string());
        let (mut json, created_at) = (String::new(), isoformat(self.created_at));
        // In the order of their names.
        for (name, text) in [
            ("{\"action\":", self.action),
            (",\"actor_user_id\":", &actor),
            (",\"created_at\":", &created_at),
        ] {
            json.push_str(name);
            write_text(&mut json, text);
        }
        json.push_str(",\"metadata\":");
        write_object(&mut json, self.metadata);
        for (name, text) in [
            (",\"object_id\":", self.object_id),
            (",\"object_type\":", self.object_type),
            (",\"prev\":", self.prev),
        ] {
            json.push_str(name);
            write_text(&mut json, text);
        }
        json.push('}');
        json
    }
}

/// ISO 8601 with `+00:00`, and microseconds unless they are zero.
fn isoformat(at: DateTime<Utc>) -> String {
    let format = if at.nanosecond() / 1000 == 0 {
        "%Y-%m-%dT%H:%M:%S+00:00"
    } else {
        "%Y-%m-%dT%H:%M:%S%.6f+00:00"
    };
    at.format(format).to_string()
}

/// The canonical form of an object. Its numbers are integers (see `platform::audit::Action`): the digits of others differ
/// from one language to the next.
pub fn object(map: &Map<String, Value>) -> String {
    let mut json = String::new();
    write_object(&mut json, map);
    json
}

fn write_object(json: &mut String, map: &Map<String, Value>) {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    // Bytes of UTF-8 are in the order of the code points that they stand for.
    entries.sort_by_key(|(key, _)| *key);
    json.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        write_text(json, key);
        json.push(':');
        write_value(json, value);
    }
    json.push('}');
}

fn write_value(json: &mut String, value: &Value) {
    match value {
        Value::String(text) => write_text(json, text),
        Value::Object(map) => write_object(json, map),
        Value::Array(items) => {
            json.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    json.push(',');
                }
                write_value(json, item);
            }
            json.push(']');
        }
        plain => {
            let _ = write!(json, "{plain}");
        }
    }
}

fn write_text(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests;
