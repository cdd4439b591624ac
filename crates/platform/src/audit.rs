//! What domains tell the audit trail, without knowing the domain that keeps it.

use std::{fmt::Display, net::IpAddr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{id::UserId, outbox::DomainEvent};

/// Longest name of an action, kind or id of an object, in characters.
pub const LONGEST_NAME: usize = 128;
/// How deep metadata may nest; what lies deeper is left out as null.
const DEEPEST: usize = 32;

/// Something that somebody did and that must stay on record. [`Tx::append`](crate::db::Tx::append) writes it in the
/// transaction of the change, so that there is no change without its entry and no entry without its change.
///
/// It holds no secret and nothing that would have to be forgotten: an entry is never changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    actor: Option<UserId>,
    address: Option<IpAddr>,
    #[serde(rename = "action")]
    name: String,
    object_type: String,
    object_id: String,
    metadata: Map<String, Value>,
}

impl DomainEvent for Action {
    const NAME: &'static str = "platform.action";
}

impl Action {
    /// `action` is named `domain.what_was_done`. Names are cut after [`LONGEST_NAME`] characters.
    pub fn new(action: &str) -> Self {
        Self {
            actor: None,
            address: None,
            name: cut(action),
            object_type: String::new(),
            object_id: String::new(),
            metadata: Map::new(),
        }
    }

    /// To what it was done; both texts are cut after [`LONGEST_NAME`] characters.
    #[must_use]
    pub fn on(mut self, object_type: &str, object_id: &impl Display) -> Self {
        self.object_type = cut(object_type);
        self.object_id = cut(&object_id.to_string());
        self
    }

    /// By whom and from where, when it was an account that did it, and not an operator or another service.
    #[must_use]
    pub fn by(mut self, actor: Option<UserId>, address: Option<IpAddr>) -> Self {
        (self.actor, self.address) = (actor, address);
        self
    }

    /// Whatever else is to be known. So that anybody can compute the hash of the entry from its JSON again, numbers that
    /// are no integers of 64 bits become text. U+0000 becomes U+FFFD: PostgreSQL cannot keep it.
    #[must_use]
    pub fn with(mut self, metadata: Map<String, Value>) -> Self {
        self.metadata = entries(metadata, 1);
        self
    }

    /// Who did it.
    pub fn actor(&self) -> Option<UserId> {
        self.actor
    }

    /// From where.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// What was done.
    pub fn action(&self) -> &str {
        &self.name
    }

    /// To what kind of thing.
    pub fn object_type(&self) -> &str {
        &self.object_type
    }

    /// To which.
    pub fn object_id(&self) -> &str {
        &self.object_id
    }

    /// Whatever else is to be known.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }
}

fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn cut(name: &str) -> String {
    text(name).chars().take(LONGEST_NAME).collect()
}

fn entries(map: Map<String, Value>, depth: usize) -> Map<String, Value> {
    map.into_iter()
        .map(|(key, inner)| (text(&key), value(inner, depth + 1)))
        .collect()
}

fn value(value: Value, depth: usize) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) if depth > DEEPEST => Value::Null,
        Value::Array(items) => items
            .into_iter()
            .map(|item| self::value(item, depth + 1))
            .collect(),
        Value::Object(map) => Value::Object(entries(map, depth)),
        Value::String(inner) => Value::String(text(&inner)),
        Value::Number(number) if number.is_f64() => Value::String(number.to_string()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn names_are_cut() {
        let action = Action::new(&"ü".repeat(200)).on(&"t".repeat(129), &"i\0d");
        assert_eq!(action.action(), "ü".repeat(128));
        assert_eq!(action.object_type(), "t".repeat(128));
        assert_eq!(action.object_id(), "i\u{fffd}d");
    }

    #[test]
    fn metadata_is_what_every_reader_of_json_reads_alike() {
        let sent = json!({
            "i": i64::MIN, "u": u64::MAX, "f": 0.1, "g": 1e300, "whole": 2.0, "n": null, "b": [true, "a\0", { "\0": 1.5 }],
        });
        let kept = json!({
            "i": i64::MIN, "u": u64::MAX, "f": "0.1", "g": "1e+300", "whole": "2.0", "n": null,
            "b": [true, "a\u{fffd}", { "\u{fffd}": "1.5" }],
        });
        assert_eq!(
            Value::Object(Action::new("a").with(map(sent)).metadata().clone()),
            kept
        );
    }

    #[test]
    fn metadata_that_nests_too_deep_is_cut() {
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        let action = Action::new("a").with(map(json!({ "deep": deep })));
        let text = Value::Object(action.metadata().clone()).to_string();
        assert_eq!(text.matches('[').count(), DEEPEST - 1, "{text}");
        assert!(text.contains("[null]"), "{text}");
    }

    #[test]
    fn it_survives_its_way_through_the_outbox() {
        let action = Action::new("a.b")
            .on("user", &7)
            .by(Some(UserId(9)), Some(IpAddr::from([127, 0, 0, 1])))
            .with(map(json!({ "x": [1, "y"] })));
        let payload = serde_json::to_value(&action).expect("is JSON");
        assert_eq!(
            Action::deserialize(&payload).expect("is read again"),
            action,
            "{payload}"
        );
    }
}
