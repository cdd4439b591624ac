//! What a field may hold.

mod choices;
mod keys;
mod moments;
#[cfg(test)]
mod tests;
mod text;

use serde_json::{Map, Value};

pub use self::{
    choices::{choice, text_list},
    keys::{PrimaryKey, primary_key},
    moments::{date, time, timestamp},
    text::{email, text, url},
};
use super::body::SURROGATE_MARK;

/// A check that turns what was sent into a value, or says in the clients' words what is wrong with it.
pub trait Rule {
    /// What the field becomes.
    type Value: Default;
    /// Whether an empty form field means null where null is allowed.
    const BLANK_FORM_IS_NULL: bool = true;

    /// Checks a JSON value other than null.
    fn check(&self, value: &Value) -> Result<Self::Value, Vec<String>>;

    /// Checks the text of a form field.
    fn check_text(&self, text: &str) -> Result<Self::Value, Vec<String>> {
        self.check(&Value::String(text.to_owned()))
    }
}

fn refuse<T>(message: &str) -> Result<T, Vec<String>> {
    Err(vec![message.to_owned()])
}

/// See [`boolean`].
pub struct Boolean;

/// true or false, also in the usual spellings.
pub fn boolean() -> Boolean {
    Boolean
}

impl Rule for Boolean {
    type Value = bool;

    fn check(&self, value: &Value) -> Result<bool, Vec<String>> {
        let text = match value {
            Value::Bool(value) => return Ok(*value),
            Value::String(text) => text.trim().to_ascii_lowercase(),
            Value::Number(number) => match number.as_f64() {
                Some(1.0) => return Ok(true),
                Some(0.0) => return Ok(false),
                _ => String::new(),
            },
            _ => String::new(),
        };
        match text.as_str() {
            "t" | "y" | "yes" | "true" | "on" | "1" => Ok(true),
            "f" | "n" | "no" | "false" | "off" | "0" => Ok(false),
            _ => refuse("Must be a valid boolean."),
        }
    }
}

/// See [`integer`].
pub struct Integer {
    least: i64,
    most: i64,
}

/// A whole number of 64 bits; digit strings are welcome, as clients keep large ids as text.
pub fn integer() -> Integer {
    Integer {
        least: i64::MIN,
        most: i64::MAX,
    }
}

impl Integer {
    /// From `least` to `most`, both included.
    #[must_use]
    pub fn between(mut self, least: i64, most: i64) -> Self {
        (self.least, self.most) = (least, most);
        self
    }
}

impl Rule for Integer {
    type Value = i64;

    fn check(&self, value: &Value) -> Result<i64, Vec<String>> {
        const INVALID: &str = "A valid integer is required.";
        let digits = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) if text.len() <= 1000 => text.trim().to_owned(),
            _ => return refuse(INVALID),
        };
        let whole = digits.strip_suffix(".0").unwrap_or(&digits);
        let number = match whole.parse::<i128>() {
            Ok(number) => number,
            Err(error) => match error.kind() {
                std::num::IntErrorKind::PosOverflow => i128::MAX,
                std::num::IntErrorKind::NegOverflow => i128::MIN,
                _ => integral_float(value).ok_or_else(|| vec![INVALID.to_owned()])?,
            },
        };
        if number > i128::from(self.most) {
            return refuse(&format!(
                "Ensure this value is less than or equal to {}.",
                self.most
            ));
        }
        if number < i128::from(self.least) {
            return refuse(&format!(
                "Ensure this value is greater than or equal to {}.",
                self.least
            ));
        }
        i64::try_from(number).or_else(|_| refuse(INVALID))
    }
}

/// Numbers such as `1e3`, which clients of other languages print for whole numbers.
#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates, and the bounds are checked after it"
)]
fn integral_float(value: &Value) -> Option<i128> {
    value
        .as_f64()
        .filter(|float| float.fract() == 0.0)
        .map(|float| float as i128)
}

/// See [`number`].
pub struct Number {
    least: f64,
    most: f64,
}

/// A number, whole or not, also as text; never infinite.
pub fn number() -> Number {
    Number {
        least: f64::MIN,
        most: f64::MAX,
    }
}

impl Number {
    /// From `least` to `most`, both included.
    #[must_use]
    pub fn between(mut self, least: f64, most: f64) -> Self {
        (self.least, self.most) = (least, most);
        self
    }
}

impl Rule for Number {
    type Value = f64;

    fn check(&self, value: &Value) -> Result<f64, Vec<String>> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if text.len() <= 1000 => text.trim().parse().ok(),
            _ => None,
        };
        match number.filter(|number: &f64| number.is_finite()) {
            None => refuse("A valid number is required."),
            Some(number) if number > self.most => refuse(&format!(
                "Ensure this value is less than or equal to {}.",
                self.most
            )),
            Some(number) if number < self.least => refuse(&format!(
                "Ensure this value is greater than or equal to {}.",
                self.least
            )),
            Some(number) => Ok(number),
        }
    }
}

/// See [`json_object`].
pub struct JsonObject;

/// A JSON object, kept as it is; in forms its JSON text.
pub fn json_object() -> JsonObject {
    JsonObject
}

impl Rule for JsonObject {
    type Value = Map<String, Value>;

    fn check(&self, value: &Value) -> Result<Map<String, Value>, Vec<String>> {
        if let Some(message) = forbidden_in(value) {
            return Err(vec![message]);
        }
        match value {
            Value::Object(map) => Ok(map.clone()),
            _ => refuse("Expected a JSON object."),
        }
    }

    fn check_text(&self, text: &str) -> Result<Map<String, Value>, Vec<String>> {
        serde_json::from_str(text).map_or_else(
            |_| refuse("Value must be valid JSON."),
            |value| self.check(&value),
        )
    }
}

/// See [`json`].
pub struct Json;

/// Any JSON value but null, kept as it is; in forms its JSON text.
pub fn json() -> Json {
    Json
}

impl Rule for Json {
    type Value = Value;
    const BLANK_FORM_IS_NULL: bool = false;

    fn check(&self, value: &Value) -> Result<Value, Vec<String>> {
        match forbidden_in(value) {
            Some(message) => Err(vec![message]),
            None => Ok(value.clone()),
        }
    }

    fn check_text(&self, text: &str) -> Result<Value, Vec<String>> {
        match serde_json::from_str(text) {
            Ok(Value::Null) => refuse("This field may not be null."),
            Ok(value) => self.check(&value),
            Err(_) => refuse("Value must be valid JSON."),
        }
    }
}

/// The first forbidden character anywhere in a JSON value, keys included.
fn forbidden_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => forbidden_characters(text),
        Value::Array(items) => items.iter().find_map(forbidden_in),
        Value::Object(map) => map
            .iter()
            .find_map(|(key, value)| forbidden_characters(key).or_else(|| forbidden_in(value))),
        _ => None,
    }
}

/// NUL (which PostgreSQL cannot store) and lone surrogates.
fn forbidden_characters(text: &str) -> Option<String> {
    if let Some(at) = text.find(SURROGATE_MARK) {
        let digits: String = text[at + SURROGATE_MARK.len()..].chars().take(4).collect();
        return Some(format!("Surrogate characters are not allowed: U+{digits}."));
    }
    text.contains('\0')
        .then(|| "Null characters are not allowed.".to_owned())
}
