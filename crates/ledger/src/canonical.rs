//! JSON in one form only, for hashing. Keys are in the order of their code points in both styles.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The two ways in which the contract writes JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Entries of the log: no blanks, characters as they are in UTF-8.
    /// `json.dumps(…, sort_keys=True, separators=(",", ":"), ensure_ascii=False)` of Python writes the same.
    Log,
    /// Files of a month: a blank after commas and colons, all but ASCII escaped. `json.dumps(…, sort_keys=True)` of Python
    /// writes the same.
    Month,
}

/// The one form of `value` in that style.
pub fn to_string(value: &Value, style: Style) -> String {
    let mut json = String::new();
    write_value(&mut json, value, style);
    json
}

/// The form of [`Style::Month`] of an object.
pub fn metadata(map: &Map<String, Value>) -> String {
    let mut json = String::new();
    write_object(&mut json, map, Style::Month);
    json
}

fn write_value(json: &mut String, value: &Value, style: Style) {
    match value {
        Value::String(text) => write_text(json, text, style),
        Value::Object(map) => write_object(json, map, style),
        Value::Array(items) => {
            json.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(json, index, style);
                write_value(json, item, style);
            }
            json.push(']');
        }
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => write_float(json, float),
            _ => json.push_str(&number.to_string()),
        },
        Value::Bool(true) => json.push_str("true"),
        Value::Bool(false) => json.push_str("false"),
        Value::Null => json.push_str("null"),
    }
}

fn write_object(json: &mut String, map: &Map<String, Value>, style: Style) {
    let mut members: Vec<(&String, &Value)> = map.iter().collect();
    // Bytes of UTF-8 are in the order of the code points that they stand for.
    members.sort_by_key(|(key, _)| *key);
    json.push('{');
    for (index, (key, value)) in members.into_iter().enumerate() {
        separate(json, index, style);
        write_text(json, key, style);
        json.push_str(if style == Style::Log { ":" } else { ": " });
        write_value(json, value, style);
    }
    json.push('}');
}

fn separate(json: &mut String, index: usize, style: Style) {
    match style {
        _ if index == 0 => {}
        Style::Log => json.push(','),
        Style::Month => json.push_str(", "),
    }
}

/// Writes a text in quotes.
pub(crate) fn write_text(json: &mut String, text: &str, style: Style) {
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
            ' '..='\u{7f}' => json.push(character),
            '\u{80}'.. if style == Style::Log => json.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
    json.push('"');
}

/// The shortest digits that read back as the same number, laid out as Python's `repr` does: with an exponent of at least two
/// digits below 10⁻⁴ and from 10¹⁶ on.
fn write_float(json: &mut String, float: f64) {
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let _ = if (-4..16).contains(&exponent) {
        write!(json, "{float:?}")
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(json, "{digits}e{sign}{:02}", exponent.unsigned_abs())
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_writes_the_same() {
        let text = r#"{"z":1,"ä":[1.0,1e16,1e-5,0.0001,123456789012345680.0,-0.0,1.5e300,2.5,-7,18446744073709551615],
            "A":{"b":null,"a":true,"":false},"e":[],"o":{},"s":"\u0000\u001f\u007f\u0080é😀\"\\\/\b\f\n\r\t"}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            to_string(&value, Style::Month),
            "{\"A\": {\"\": false, \"a\": true, \"b\": null}, \"e\": [], \"o\": {}, \"s\": \"\\u0000\\u001f\u{7f}\\u0080\\u00e9\
             \\ud83d\\ude00\\\"\\\\/\\b\\f\\n\\r\\t\", \"z\": 1, \"\\u00e4\": [1.0, 1e+16, 1e-05, 0.0001, \
             1.2345678901234568e+17, -0.0, 1.5e+300, 2.5, -7, 18446744073709551615]}"
        );
        let value: Value = serde_json::from_str(r#"{"b":[1,2],"ä":"é\u0001\u007f"}"#).unwrap();
        assert_eq!(
            to_string(&value, Style::Log),
            "{\"b\":[1,2],\"ä\":\"é\\u0001\u{7f}\"}"
        );
    }
}
