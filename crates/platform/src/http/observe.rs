//! What every request leaves behind: a request id, a log line, metrics. Never a body, a query or a secret.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use tracing::Instrument as _;

use crate::{clock::random_hex, db::counted};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Outermost of the layers.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", request_id = id.to_str().unwrap_or(""), %method, route, status = tracing::field::Empty);
    let (mut response, statements) = counted(next.run(request).instrument(span.clone())).await;
    let (status, seconds) = (response.status(), started.elapsed().as_secs_f64());
    span.record("status", status.as_u16());
    let labels = [
        ("method", method.to_string()),
        ("route", route.clone()),
        ("status", status.as_u16().to_string()),
    ];
    metrics::histogram!("selflink_http_request_seconds", &labels).record(seconds);
    metrics::histogram!("selflink_http_request_statements", "route" => route.clone()).record(statements);
    let _entered = span.entered();
    let (status_code, milliseconds) = (status.as_u16(), seconds * 1000.0);
    match status_code {
        500.. => {
            tracing::error!(target: "selflink::request", %method, route, status_code, milliseconds, "request failed");
        }
        400.. => {
            tracing::warn!(target: "selflink::request", %method, route, status_code, milliseconds, "request refused");
        }
        _ => {
            tracing::info!(target: "selflink::request", %method, route, status_code, milliseconds, "request served");
        }
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID.clone(), id);
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(value);
    }
    response
}

/// The client's own id if it is short and printable, else a new one.
fn request_id(request: &Request) -> HeaderValue {
    let sent = request.headers().get(&REQUEST_ID).filter(|value| {
        (1..=128).contains(&value.len())
            && value
                .as_bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte))
    });
    sent.cloned().unwrap_or_else(|| {
        HeaderValue::from_str(&random_hex::<16>()).unwrap_or_else(|_| HeaderValue::from_static("-"))
    })
}
