//! Request bodies: JSON, form and multipart through one extractor and one validation.

use std::time::Duration;

use axum::{
    extract::{FromRequest, Request},
    http::header,
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};

use super::{
    ApiError,
    fields::{Fields, Source},
    multipart,
    upload::FileField,
};
use crate::app::App;

/// Most values that a JSON body may hold: parsed, each takes up to a hundred times the memory of its bytes.
const MOST_VALUES: usize = 100_000;
/// Most bytes of a refused body that are read past.
const MOST_READ_PAST: usize = 64 << 20;
/// How long a refused body is read past.
const LONGEST_READ_PAST: Duration = Duration::from_secs(5);
/// Most fields of a form.
const MOST_FIELDS: usize = 10_000;

/// A request body that describes a `T`.
pub trait Input: Sized + Send {
    /// The fields that take a file in multipart bodies. Files of other fields are read past.
    const FILES: &'static [FileField] = &[];

    /// Takes the fields it knows. What it returns counts only if no field was refused.
    fn read(fields: &mut Fields) -> Self;

    /// Does the checks that take their time, such as decoding a picture; refused fields hold their default.
    fn examine(
        &mut self,
        _app: &App,
        _fields: &mut Fields,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Checks valid fields against what is stored; refused fields hold their default.
    fn look_up(&self, _app: &App, _fields: &mut Fields) -> impl Future<Output = Result<(), ApiError>> + Send {
        std::future::ready(Ok(()))
    }

    /// What the client is told of the fields that were refused: the messages by field, unless clients know another shape.
    fn refusal(errors: Map<String, Value>) -> ApiError {
        ApiError::fields(errors)
    }

    /// Checks that concern several fields; run only when each is valid by itself.
    fn check(&self) -> Result<(), ApiError> {
        Ok(())
    }
}

/// A validated request body.
pub struct Body<T>(pub T);

impl<T: Input> FromRequest<App> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let mut fields = read_fields(request, app, T::FILES).await?;
        let mut input = T::read(&mut fields);
        input.examine(app, &mut fields).await?;
        input.look_up(app, &mut fields).await?;
        fields.finish().map_err(T::refusal)?;
        input.check()?;
        Ok(Self(input))
    }
}

async fn read_fields(request: Request, app: &App, files: &[FileField]) -> Result<Fields, ApiError> {
    let http = &app.config().http;
    let sent = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
        .to_owned();
    let essence = sent.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let source = match essence.as_str() {
        "multipart/form-data" => {
            let request = refuse_declared(request, http.upload_limit).await?;
            return multipart::read(request, &sent, http, files).await;
        }
        "application/x-www-form-urlencoded" => parse_form(&collect(request, http.body_limit).await?),
        "application/json" => parse_json(&collect(request, http.body_limit).await?),
        _ if collect(request, http.body_limit).await?.is_empty() => Ok(Source::Json(Map::new())),
        _ => Err(ApiError::unsupported_media_type(&sent)),
    };
    Ok(Fields::new(source?))
}

/// Refuses a body that says itself that it is too large.
async fn refuse_declared(request: Request, limit: usize) -> Result<Request, ApiError> {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        read_past(request).await;
        return Err(ApiError::too_large(limit));
    }
    Ok(request)
}

/// Reads past some of a body that is refused: a client that is still sending when its connection is closed may never get to
/// see the answer.
async fn read_past(request: Request) {
    let mut body = request.into_body();
    let reading = async {
        let mut length = 0;
        while let Some(Ok(frame)) = body.frame().await {
            length += frame.data_ref().map_or(0, Bytes::len);
            if length > MOST_READ_PAST {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(LONGEST_READ_PAST, reading).await;
}

async fn collect(request: Request, limit: usize) -> Result<Bytes, ApiError> {
    let request = refuse_declared(request, limit).await?;
    let mut body = request.into_body();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| ApiError::bad_request("The request body ended before its declared length."))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limit {
                return Err(ApiError::too_large(limit));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}

pub(super) fn too_many_fields() -> ApiError {
    ApiError::bad_request(format!("The request body has more than {MOST_FIELDS} fields."))
}

fn parse_form(bytes: &[u8]) -> Result<Source, ApiError> {
    let mut pairs = url::form_urlencoded::parse(bytes);
    let read = pairs
        .by_ref()
        .take(MOST_FIELDS)
        .map(|(name, text)| (name.into_owned(), text.into_owned()));
    let form = Source::Form(read.collect());
    if pairs.next().is_some() {
        return Err(too_many_fields());
    }
    Ok(form)
}

/// Whether a JSON text has more than [`MOST_VALUES`] separators and openings outside of its strings.
fn holds_too_many_values(bytes: &[u8]) -> bool {
    if bytes.len() <= MOST_VALUES {
        return false;
    }
    let (mut count, mut in_string, mut is_escaped) = (0, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count > MOST_VALUES
}

fn parse_json(bytes: &[u8]) -> Result<Source, ApiError> {
    if bytes.is_empty() {
        return Ok(Source::Json(Map::new()));
    }
    if holds_too_many_values(bytes) {
        return Err(ApiError::bad_request(format!(
            "JSON parse error - it holds more than {MOST_VALUES} values"
        )));
    }
    let parsed = serde_json::from_slice(bytes).or_else(|error| match mark_lone_surrogates(bytes) {
        Some(marked) => serde_json::from_slice(&marked),
        None => Err(error),
    });
    match parsed.map_err(|error| ApiError::bad_request(format!("JSON parse error - {error}")))? {
        Value::Object(map) => Ok(Source::Json(map)),
        Value::Null => Err(ApiError::object("No data provided")),
        other => Err(ApiError::object(format!(
            "Invalid data. Expected a dictionary, but got {}.",
            kind(&other)
        ))),
    }
}

/// The kind of a JSON value in the words that clients know.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// What stands for a lone surrogate in parsed text: no text that passes validation contains a NUL.
pub(super) const SURROGATE_MARK: &str = "\0\u{ffff}";

/// Strings of this language cannot hold lone surrogates, so the parser refuses the whole body; clients are to be told
/// which field has them. Their escapes are replaced by [`SURROGATE_MARK`] and their digits. `None` if there are none.
fn mark_lone_surrogates(bytes: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| -> Option<u16> {
        let escape = bytes
            .get(at..at + 6)
            .filter(|escape| escape.starts_with(b"\\u"))?;
        u16::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
    };
    let (mut marked, mut at, mut found) = (Vec::with_capacity(bytes.len()), 0, false);
    while at < bytes.len() {
        let pair = matches!(
            (unit(at), unit(at + 6)),
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff))
        );
        let length = match (bytes[at], unit(at)) {
            _ if pair => 12,
            (b'\\', Some(lone @ 0xd800..=0xdfff)) => {
                found = true;
                marked.extend_from_slice(format!("\\u0000\\uffff{lone:04X}").as_bytes());
                at += 6;
                continue;
            }
            (b'\\', _) => 2,
            _ => 1,
        };
        let end = (at + length).min(bytes.len());
        marked.extend_from_slice(&bytes[at..end]);
        at = end;
    }
    found.then_some(marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_are_marked_and_pairs_are_kept() {
        let marked = |text: &str| {
            mark_lone_surrogates(text.as_bytes()).map(|bytes| String::from_utf8(bytes).expect("is text"))
        };
        assert_eq!(marked(r#"{"a":"\ud83d\ude00"}"#), None);
        assert_eq!(marked(r#"{"a":"\\ud800"}"#), None);
        assert_eq!(
            marked(r#"{"a":"\ud800 x"}"#).as_deref(),
            Some(r#"{"a":"\u0000\uffffD800 x"}"#)
        );
        assert_eq!(
            marked(r#"["\udc00\ud800"]"#).as_deref(),
            Some(r#"["\u0000\uffffDC00\u0000\uffffD800"]"#)
        );
        assert_eq!(marked(r#""\ud800"#).as_deref(), Some(r#""\u0000\uffffD800"#));
    }

    #[test]
    fn values_are_counted_outside_of_texts() {
        let list = |item: &str, times: usize| format!("[{}0]", item.repeat(times));
        assert!(holds_too_many_values(list("0,", MOST_VALUES).as_bytes()));
        assert!(!holds_too_many_values(list("0,", MOST_VALUES - 1).as_bytes()));
        assert!(holds_too_many_values("[".repeat(MOST_VALUES + 1).as_bytes()));
        let text = serde_json::to_string(&",\"[{\\".repeat(MOST_VALUES)).expect("is JSON");
        assert!(!holds_too_many_values(text.as_bytes()));
    }

    #[test]
    fn forms_have_a_limited_number_of_fields() {
        assert!(parse_form("a&".repeat(MOST_FIELDS).as_bytes()).is_ok());
        assert!(parse_form("a&".repeat(MOST_FIELDS + 1).as_bytes()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn marking_never_panics_and_changes_nothing_that_parses(bytes: Vec<u8>, text: String) {
            let _ = mark_lone_surrogates(&bytes);
            let json = serde_json::to_vec(&text).expect("is JSON");
            proptest::prop_assert_eq!(mark_lone_surrogates(&json), None);
        }
    }
}
