//! Request bodies: JSON, form and multipart through one extractor and one validation.

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
};
use crate::app::App;

/// A request body that describes a `T`.
pub trait Input: Sized + Send {
    /// Takes the fields it knows. What it returns counts only if no field was refused.
    fn read(fields: &mut Fields) -> Self;

    /// Checks valid fields against what is stored; refused fields hold their default.
    fn look_up(&self, _app: &App, _fields: &mut Fields) -> impl Future<Output = Result<(), ApiError>> + Send {
        std::future::ready(Ok(()))
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
        let mut fields = Fields::new(read_source(request, app).await?);
        let input = T::read(&mut fields);
        input.look_up(app, &mut fields).await?;
        fields.finish()?;
        input.check()?;
        Ok(Self(input))
    }
}

async fn read_source(request: Request, app: &App) -> Result<Source, ApiError> {
    let http = &app.config().http;
    let sent = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
        .to_owned();
    let essence = sent.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match essence.as_str() {
        "multipart/form-data" => read_multipart(request, &sent, http.upload_limit).await,
        "application/x-www-form-urlencoded" => {
            let body = collect(request, http.body_limit).await?;
            Ok(Source::Form(
                url::form_urlencoded::parse(&body).into_owned().collect(),
            ))
        }
        "application/json" => parse_json(&collect(request, http.body_limit).await?),
        _ if collect(request, http.body_limit).await?.is_empty() => Ok(Source::Json(Map::new())),
        _ => Err(ApiError::unsupported_media_type(&sent)),
    }
}

async fn collect(request: Request, limit: usize) -> Result<Bytes, ApiError> {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(ApiError::too_large(limit));
    }
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

fn parse_json(bytes: &[u8]) -> Result<Source, ApiError> {
    if bytes.is_empty() {
        return Ok(Source::Json(Map::new()));
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

async fn read_multipart(request: Request, content_type: &str, limit: usize) -> Result<Source, ApiError> {
    let broken = |error: multer::Error| match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            ApiError::too_large(limit)
        }
        error => ApiError::bad_request(format!("Multipart form parse error - {error}")),
    };
    let boundary = multer::parse_boundary(content_type).map_err(broken)?;
    let size = multer::SizeLimit::new().whole_stream(limit as u64);
    let constraints = multer::Constraints::new().size_limit(size);
    let mut parts =
        multer::Multipart::with_constraints(request.into_body().into_data_stream(), boundary, constraints);
    let mut pairs = Vec::new();
    while let Some(mut part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        if part.file_name().is_some() {
            // No field of these endpoints takes a file: it is read past, and its field counts as not sent.
            while part.chunk().await.map_err(broken)?.is_some() {}
        } else {
            let text = part.bytes().await.map_err(broken)?;
            let text = String::from_utf8(text.to_vec()).map_err(|_| {
                ApiError::bad_request("Multipart form parse error - a text part is no UTF-8.")
            })?;
            pairs.push((name, text));
        }
    }
    Ok(Source::Form(pairs))
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

    proptest::proptest! {
        #[test]
        fn marking_never_panics_and_changes_nothing_that_parses(bytes: Vec<u8>, text: String) {
            let _ = mark_lone_surrogates(&bytes);
            let json = serde_json::to_vec(&text).expect("is JSON");
            proptest::prop_assert_eq!(mark_lone_surrogates(&json), None);
        }
    }
}
