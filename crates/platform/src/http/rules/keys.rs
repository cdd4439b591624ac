//! References to rows by their ids.

use serde_json::Value;

use super::{Rule, forbidden_characters, refuse};
use crate::http::body::kind;

/// Longest key that is looked at, in characters: beyond, it is none.
const LONGEST: usize = 1000;

/// A reference as it was sent; see [`primary_key`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrimaryKey {
    /// The id; `None` if it is beyond what any row has.
    pub id: Option<i64>,
    sent: String,
}

impl PrimaryKey {
    /// What clients are told when there is no such row.
    pub fn does_not_exist(&self) -> String {
        format!("Invalid pk \"{}\" - object does not exist.", self.sent)
    }
}

/// See [`primary_key`].
pub struct Key;

/// The id of a row, as a number or its digits; a blank text counts as null. Whether there is such a row is for the caller
/// to find out.
pub fn primary_key() -> Key {
    Key
}

impl Rule for Key {
    type Value = PrimaryKey;

    fn check(&self, value: &Value) -> Result<PrimaryKey, Vec<String>> {
        let wrong = || {
            refuse(&format!(
                "Incorrect type. Expected pk value, received {}.",
                kind(value)
            ))
        };
        let digits = match value {
            Value::Number(number) => match number.as_f64() {
                // Numbers beyond 64 bits, too, in all their digits.
                Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 => {
                    format!("{float}")
                }
                _ => number.to_string(),
            },
            Value::String(text) if text.chars().count() <= LONGEST => text.trim().to_owned(),
            _ => return wrong(),
        };
        if digits.is_empty() {
            return refuse("This field may not be null.");
        }
        if let Some(message) = forbidden_characters(&digits) {
            return Err(vec![message]);
        }
        let unsigned = digits.strip_prefix('-').unwrap_or(&digits);
        if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            return wrong();
        }
        Ok(PrimaryKey {
            id: digits.parse().ok(),
            sent: digits,
        })
    }
}
