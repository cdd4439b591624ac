//! What a field may hold.

use chrono::{NaiveDate, NaiveTime};
use serde_json::{Map, Value};

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

/// Text; see [`text`].
pub struct Text {
    least: usize,
    most: usize,
    blank: bool,
    format: Format,
}

enum Format {
    Any,
    Email,
    Url,
}

/// Text, trimmed, not blank; numbers are taken as their digits.
pub fn text() -> Text {
    Text {
        least: 0,
        most: usize::MAX,
        blank: false,
        format: Format::Any,
    }
}

/// An e-mail address of at most 254 characters.
pub fn email() -> Text {
    Text {
        format: Format::Email,
        ..text()
    }
    .max(254)
}

/// An http, https or ftp URL.
pub fn url() -> Text {
    Text {
        format: Format::Url,
        ..text()
    }
}

impl Text {
    /// At most `most` characters.
    #[must_use]
    pub fn max(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// At least `least` characters.
    #[must_use]
    pub fn min(self, least: usize) -> Self {
        Self { least, ..self }
    }

    /// May be blank.
    #[must_use]
    pub fn or_blank(self) -> Self {
        Self { blank: true, ..self }
    }
}

impl Rule for Text {
    type Value = String;
    const BLANK_FORM_IS_NULL: bool = false;

    fn check(&self, value: &Value) -> Result<String, Vec<String>> {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return refuse("Not a valid string."),
        };
        if text.is_empty() {
            return if self.blank {
                Ok(text)
            } else {
                refuse("This field may not be blank.")
            };
        }
        let mut messages = forbidden_characters(&text).into_iter().collect::<Vec<_>>();
        let length = text.chars().count();
        if length > self.most {
            messages.push(format!(
                "Ensure this field has no more than {} characters.",
                self.most
            ));
        }
        if length < self.least {
            messages.push(format!(
                "Ensure this field has at least {} characters.",
                self.least
            ));
        }
        if messages.is_empty() {
            match self.format {
                Format::Email if !is_email(&text) => messages.push("Enter a valid email address.".to_owned()),
                Format::Url if !is_url(&text) => messages.push("Enter a valid URL.".to_owned()),
                _ => {}
            }
        }
        if messages.is_empty() {
            Ok(text)
        } else {
            Err(messages)
        }
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

/// `local@domain` with a dot in the domain: what mail servers take, not all that RFC 5322 allows.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{}|~-".contains(&byte))
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.chars().count())
            && label
                .chars()
                .all(|character| character.is_alphanumeric() || character == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = domain.split('.').collect();
    let last_is_name = labels
        .last()
        .is_some_and(|last| last.chars().count() >= 2 && !last.bytes().all(|byte| byte.is_ascii_digit()));
    local.len() <= 64
        && local.split('.').all(is_atom)
        && labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && last_is_name
}

fn is_url(text: &str) -> bool {
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return false;
    }
    url::Url::parse(text).is_ok_and(|url| {
        let host_is_public = match url.host() {
            Some(url::Host::Domain(domain)) => {
                domain == "localhost" || domain.trim_end_matches('.').contains('.')
            }
            Some(_) => true,
            None => false,
        };
        ["http", "https", "ftp"].contains(&url.scheme()) && host_is_public
    })
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
    pub fn between(self, least: i64, most: i64) -> Self {
        Self { least, most }
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

/// See [`date`].
pub struct Date;

/// A day, `YYYY-MM-DD`, zero padding optional.
pub fn date() -> Date {
    Date
}

impl Rule for Date {
    type Value = NaiveDate;

    fn check(&self, value: &Value) -> Result<NaiveDate, Vec<String>> {
        value.as_str().and_then(parse_date).ok_or_else(|| {
            vec!["Date has wrong format. Use one of these formats instead: YYYY-MM-DD.".to_owned()]
        })
    }
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.trim().split('-');
    let year = number_of_digits(parts.next()?, 4, 4)?;
    let (month, day) = (
        number_of_digits(parts.next()?, 1, 2)?,
        number_of_digits(parts.next()?, 1, 2)?,
    );
    if parts.next().is_some() || year == 0 {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn number_of_digits(text: &str, least: usize, most: usize) -> Option<u32> {
    ((least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// See [`time`].
pub struct Time;

/// A time of day, `HH:MM[:SS[.ffffff]]`, zero padding optional; an offset is dropped.
pub fn time() -> Time {
    Time
}

impl Rule for Time {
    type Value = NaiveTime;

    fn check(&self, value: &Value) -> Result<NaiveTime, Vec<String>> {
        value.as_str().and_then(parse_time).ok_or_else(|| {
            vec!["Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].".to_owned()]
        })
    }
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    let end = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, offset) = text.split_at(end);
    let offset_is_valid = match offset {
        "" | "Z" => true,
        offset => {
            let digits = offset[1..].replace(':', "");
            (2..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (
        number_of_digits(parts.next()?, 1, 2)?,
        number_of_digits(parts.next()?, 1, 2)?,
    );
    let (second, fraction) = match parts.next() {
        None => ("0", None),
        Some(rest) => rest
            .split_once(['.', ','])
            .map_or((rest, None), |(second, fraction)| (second, Some(fraction))),
    };
    let micros = match fraction {
        None => 0,
        Some(fraction) => format!("{:0<6}", fraction.get(..fraction.len().min(6))?)
            .parse()
            .ok()
            .filter(|_| number_of_digits(fraction, 1, 9).is_some())?,
    };
    if !offset_is_valid || parts.next().is_some() {
        return None;
    }
    NaiveTime::from_hms_micro_opt(hour, minute, number_of_digits(second, 1, 2)?, micros)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused<R: Rule>(rule: &R, value: &Value) -> Vec<String> {
        rule.check(value).err().unwrap_or_default()
    }

    #[test]
    fn texts() {
        assert_eq!(text().check(&json!("  a ")), Ok("a".to_owned()));
        assert_eq!(text().check(&json!(1.5)), Ok("1.5".to_owned()));
        assert_eq!(refused(&text(), &json!(true)), ["Not a valid string."]);
        assert_eq!(refused(&text(), &json!(" ")), ["This field may not be blank."]);
        assert_eq!(
            refused(&text().max(2), &json!("äöü")),
            ["Ensure this field has no more than 2 characters."]
        );
        assert_eq!(
            refused(&text().min(2), &json!("ä")),
            ["Ensure this field has at least 2 characters."]
        );
        assert_eq!(
            refused(&text(), &json!("a\0")),
            ["Null characters are not allowed."]
        );
        assert_eq!(
            refused(&text(), &json!("a\0\u{ffff}D800 b")),
            ["Surrogate characters are not allowed: U+D800."]
        );
    }

    #[test]
    fn email_addresses() {
        for good in [
            "a@example.com",
            "a.b+c@sub.example.org",
            "x@münchen.de",
            "O'Brien@example.co.uk",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "plain",
            "a@b",
            "a b@example.com",
            "@example.com",
            "a@example.com\n.evil",
            "123",
            "a..b@example.com",
            "a@-x.com",
            "a@x.1",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn urls() {
        for good in [
            "https://cdn.example.com/p.png",
            "http://localhost:8000/x",
            "ftp://10.0.0.1/a",
        ] {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "https://",
            "https://nodot/",
            "x",
            "https://a b.com",
            "data:text/html,x",
        ] {
            assert!(!is_url(bad), "{bad}");
        }
    }

    #[test]
    fn integers() {
        assert_eq!(
            integer().check(&json!("9007199254740993")),
            Ok(9_007_199_254_740_993)
        );
        assert_eq!(integer().check(&json!(3.0)), Ok(3));
        assert_eq!(integer().check(&json!(1e3)), Ok(1000));
        let too_much = ["Ensure this value is less than or equal to 9223372036854775807."];
        assert_eq!(refused(&integer(), &json!(1e30)), too_much);
        assert_eq!(
            refused(
                &integer(),
                &json!("99999999999999999999999999999999999999999999999")
            ),
            too_much
        );
        for bad in [json!("x"), json!(1.5), json!(true), json!([1]), json!("")] {
            assert_eq!(
                refused(&integer(), &bad),
                ["A valid integer is required."],
                "{bad}"
            );
        }
    }

    #[test]
    fn dates_and_times() {
        assert_eq!(parse_date("1990-2-3"), NaiveDate::from_ymd_opt(1990, 2, 3));
        for bad in [
            "1990-02-30",
            "1990-02-03T00:00:00Z",
            "90-1-1",
            "0000-01-01",
            "",
            "1990-+1-01",
        ] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
        assert_eq!(parse_time("4:5"), NaiveTime::from_hms_opt(4, 5, 0));
        assert_eq!(
            parse_time("04:05:06.123456"),
            NaiveTime::from_hms_micro_opt(4, 5, 6, 123_456)
        );
        assert_eq!(
            parse_time("04:05:06.1+02:00"),
            NaiveTime::from_hms_micro_opt(4, 5, 6, 100_000)
        );
        for bad in ["24:00", "1", "1:2:3:4", "a:b", "01:02:03.", "01:02+x", "01:02:ü"] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn json_objects() {
        assert_eq!(refused(&json_object(), &json!([1])), ["Expected a JSON object."]);
        assert_eq!(
            refused(&json_object(), &json!({"a": [{"b\0": 1}]})),
            ["Null characters are not allowed."]
        );
        assert!(json_object().check_text("{\"start\":\"22:00\"}").is_ok());
        assert_eq!(
            json_object().check_text("{"),
            Err(vec!["Value must be valid JSON.".to_owned()])
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_crashes_a_rule(sent: String) {
            let value = json!(sent);
            let _ = (text().max(5).check(&value), email().check(&value), url().check(&value), boolean().check(&value));
            let _ = (integer().check(&value), date().check(&value), time().check(&value), json_object().check_text(&sent));
        }
    }
}
