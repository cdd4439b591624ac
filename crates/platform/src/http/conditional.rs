//! Answers that a client may keep: an entity tag, and 304 for whoever has it already.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

/// An answer with an entity tag made from its body; 304 without a body when the request names it in `If-None-Match`.
pub(super) fn conditional(request: &HeaderMap, content_type: &'static str, body: String) -> Response {
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..16]));
    let mut response = if names_tag(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type)], body).into_response()
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Whether the client says in `If-None-Match` that it has what this entity tag stands for.
pub(super) fn names_tag(request: &HeaderMap, tag: &str) -> bool {
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|item| {
        let item = item.trim();
        item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag
    })
}
