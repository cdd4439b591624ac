//! Values that break programs.

use std::fmt::Write as _;

use proptest::{prelude::*, sample::select};
use serde_json::json;

/// JSON texts, among them what no JSON library writes.
const JSON: &[&str] = &[
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "0.1",
    "-0.0",
    "1e999",
    "-1e308",
    "5e-324",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "123456789012345678901234567890123456789012345678901234567890",
    "1.0",
    "1e3",
    "00",
    "NaN",
    "Infinity",
    "\"\"",
    "\" \"",
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\ud800""#,
    r#""\udc00\ud800 x""#,
    r#""\ud83d\ude00""#,
    r#""\uD8""#,
    r#""\x""#,
    "\"\u{202e}gnal\u{202c}\"",
    "\"e\u{301}\u{301}\u{301}\u{200d}\u{feff}\"",
    "\"raw\ttab\"",
    "[]",
    "{}",
    "[null]",
    r#"{"":{"":{}}}"#,
    r#"{"\u0000":1}"#,
    r#"{"\ud800":"\udfff"}"#,
    r#"{"a":1,"a":2}"#,
    "{",
    "[1,",
    "\"open",
];

/// Texts that look like something: dates, times, addresses, numbers, markup, statements.
const TEXTS: &[&str] = &[
    "2024-02-30",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "-1-1-1",
    "2024-1-1",
    "２０２４-０１-０１",
    "24:00",
    "23:59:60",
    "23:59:59.9999999999",
    "1:2+99:99",
    "12:30:00.é",
    "12:30+é",
    "a@b.co",
    "A@EXAMPLE.COM",
    "\"a b\"@example.com",
    "a@[127.0.0.1]",
    "a@ﬁ.example",
    "x@İstanbul.example",
    "http://",
    "http://[::1",
    "https://user:pass@host:99999/",
    "javascript:alert(1)",
    "ftp://example.com/\u{202e}",
    "true",
    "NaN",
    "1e400",
    "١٢٣",
    "-9223372036854775808",
    "9223372036854775808",
    "'; DROP TABLE users; --",
    "\\'",
    "$1",
    "%00",
    "%ff",
    "../../etc/passwd",
    "<script>",
    "\u{fffe}\u{ffff}\u{10ffff}",
    "ß",
    "ǅ",
    "İİİİİİİİİİİİİİİİİİİİİİİİİİİİİİ",
    "ŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉŉ",
    "\0",
    "a\0b",
    "\u{85}\u{2028}\u{3000}",
];

/// A text of any kind.
pub fn text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => select(TEXTS).prop_map(str::to_owned),
        3 => any::<String>(),
        1 => "[a-zA-Z0-9_ .@'-]{1,40}",
        1 => ("\\PC", prop_oneof![Just(31_usize), Just(121), Just(256), Just(9000)])
            .prop_map(|(piece, times)| piece.repeat(times)),
    ]
    .boxed()
}

/// The text of a JSON value, or of what is none.
pub fn json_value() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        3 => select(JSON).prop_map(str::to_owned),
        3 => text().prop_map(|text| json!(text).to_string()),
        1 => any::<f64>().prop_map(|number| json!(number).to_string()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
    ];
    let nested = leaf.prop_recursive(6, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((text(), inner), 0..5).prop_map(|entries| {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(name, value)| format!("{}:{value}", json!(name)))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    });
    prop_oneof![
        8 => nested,
        1 => (1_usize..400).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
    ]
    .boxed()
}

/// Percent-encodes what a URL cannot hold.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// A piece of a path or query: valid where HTTP looks at it, and nowhere else.
pub fn url_piece() -> BoxedStrategy<String> {
    let broken = [
        "%",
        "%z",
        "%00",
        "%ff%fe",
        "%c0%af",
        "%ed%a0%80",
        "+",
        "%2e%2e%2f",
        "%u0041",
        ";",
        "[",
        "''",
    ];
    prop_oneof![
        3 => text().prop_map(|text| encoded(&text)),
        2 => select(broken.to_vec()).prop_map(str::to_owned),
        1 => any::<i128>().prop_map(|number| number.to_string()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => prop::collection::vec(json_value(), 0..3).prop_map(|values| {
            use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
            BASE64_URL_SAFE_NO_PAD.encode(format!("[false,[{}]]", values.join(",")))
        }),
    ]
    .boxed()
}

/// Bytes that a header may hold.
pub fn header_value() -> BoxedStrategy<Vec<u8>> {
    let byte = prop_oneof![8 => 0x20_u8..0x7f, 1 => 0x80_u8..=0xff, 1 => Just(b'\t')];
    prop_oneof![
        prop::collection::vec(byte, 0..60),
        text().prop_map(|text| {
            let mut bytes = text.into_bytes();
            bytes.retain(|byte| *byte >= 0x20 && *byte != 0x7f);
            bytes.truncate(4000);
            bytes
        }),
    ]
    .boxed()
}
