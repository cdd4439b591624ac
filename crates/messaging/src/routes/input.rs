//! What fields of these endpoints may hold, where that is more, or less, than the usual.

use platform::http::{Fields, PrimaryKey, Rule, primary_key, text};
use serde_json::Value;

/// See [`anything`].
pub struct Anything;

/// Any value as it was sent; in forms a text.
pub fn anything() -> Anything {
    Anything
}

impl Rule for Anything {
    type Value = Value;
    const BLANK_FORM_IS_NULL: bool = false;

    fn check(&self, value: &Value) -> Result<Value, Vec<String>> {
        Ok(value.clone())
    }
}

/// See [`words`].
pub struct Words;

/// Text, trimmed, possibly blank; numbers are none.
pub fn words() -> Words {
    Words
}

impl Rule for Words {
    type Value = String;
    const BLANK_FORM_IS_NULL: bool = false;

    fn check(&self, value: &Value) -> Result<String, Vec<String>> {
        if value.is_string() {
            text().or_blank().check(value)
        } else {
            Err(vec!["Not a valid string.".to_owned()])
        }
    }
}

/// See [`words_if_any`].
pub struct WordsIfAny;

/// The same; whatever is no text counts as blank.
pub fn words_if_any() -> WordsIfAny {
    WordsIfAny
}

impl Rule for WordsIfAny {
    type Value = String;
    const BLANK_FORM_IS_NULL: bool = false;

    fn check(&self, value: &Value) -> Result<String, Vec<String>> {
        if value.is_string() {
            words().check(value)
        } else {
            Ok(String::new())
        }
    }
}

/// Somebody by number, as sent: numbers beyond those of accounts are nobody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Participant {
    pub id: Option<i64>,
    pub sent: String,
}

/// See [`participant`].
pub struct ParticipantRule;

/// The number of an account.
pub fn participant() -> ParticipantRule {
    ParticipantRule
}

impl Rule for ParticipantRule {
    type Value = Participant;

    fn check(&self, value: &Value) -> Result<Participant, Vec<String>> {
        const LONGEST: usize = 1000;
        let sent = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) if text.len() <= LONGEST => text.trim().to_owned(),
            _ => String::new(),
        };
        let sent = sent.strip_suffix(".0").unwrap_or(&sent).to_owned();
        let digits = sent.strip_prefix('-').unwrap_or(&sent);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(vec!["A valid integer is required.".to_owned()]);
        }
        if digits.len() < sent.len() || digits.bytes().all(|byte| byte == b'0') {
            return Err(vec![
                "Ensure this value is greater than or equal to 1.".to_owned(),
            ]);
        }
        Ok(Participant {
            id: sent.parse().ok(),
            sent,
        })
    }
}

/// A reference by any of its names; null, blank and 0 are none.
pub fn reference(fields: &mut Fields, names: &[&str]) -> Option<Value> {
    for name in names {
        let sent = fields.nullable(name, anything()).flatten();
        let sent = sent.map(|value| match value {
            Value::String(text) => Value::String(text.trim().to_owned()),
            value => value,
        });
        let is_none = |value: &Value| *value == "" || *value == "0" || value.as_f64() == Some(0.0);
        if let Some(value) = sent.filter(|value| !value.is_null() && !is_none(value)) {
            return Some(value);
        }
    }
    None
}

/// The same as a key; whatever cannot be one is refused under the first name.
pub fn key(fields: &mut Fields, names: &'static [&'static str]) -> Option<PrimaryKey> {
    let value = reference(fields, names)?;
    match primary_key().check(&value) {
        Ok(key) => Some(key),
        Err(messages) => {
            for message in messages {
                fields.refuse::<()>(names[0], &message);
            }
            None
        }
    }
}

/// A number in any form, if it is an id.
pub fn id_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Whether a value means yes: everything but false, 0, null and what is empty.
pub fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn participants_are_numbers_from_1() {
        let of = |value| participant().check(&value);
        assert_eq!(of(json!(" 12 ")).map(|known| known.id), Ok(Some(12)));
        assert_eq!(of(json!(12.0)).map(|known| known.id), Ok(Some(12)));
        let beyond = of(json!(9_223_372_036_854_775_808_u64)).expect("is a number");
        assert_eq!((beyond.id, beyond.sent.as_str()), (None, "9223372036854775808"));
        for wrong in [
            json!("x"),
            json!(true),
            json!([1]),
            json!(1.5),
            json!(""),
            json!(null),
        ] {
            assert_eq!(of(wrong), Err(vec!["A valid integer is required.".to_owned()]));
        }
        for small in [json!(0), json!(-3), json!("00")] {
            let message = "Ensure this value is greater than or equal to 1.".to_owned();
            assert_eq!(of(small), Err(vec![message]));
        }
    }

    #[test]
    fn what_means_yes() {
        for yes in [
            json!(true),
            json!(1),
            json!("false"),
            json!([0]),
            json!({ "a": 1 }),
        ] {
            assert!(is_truthy(&yes), "{yes}");
        }
        for no in [
            json!(false),
            json!(0),
            json!(null),
            json!(""),
            json!([]),
            json!({}),
        ] {
            assert!(!is_truthy(&no), "{no}");
        }
    }
}
