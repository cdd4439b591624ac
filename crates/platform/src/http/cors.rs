//! Cross-origin requests. Preflights are answered before authentication; pages of other origins get the plain answer.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::app::App;

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE, OPTIONS";
const HEADERS: &str = "accept, accept-encoding, authorization, content-type, idempotency-key, origin, user-agent, x-async, \
     x-csrftoken, x-request-id, x-requested-with, x-sync";
/// What scripts may read of an answer beyond the simple headers.
const EXPOSED: &str = "retry-after, x-request-id";
/// Seconds that a browser may remember the answer to a preflight.
const MAX_AGE: &str = "86400";

pub(super) async fn cors(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = origin.filter(|origin| is_allowed(origin, &app.config().http.cors_allowed_origins));
    let asks = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &allowed {
        Some(_) if asks => preflight(),
        _ => next.run(request).await,
    };
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = allowed {
        insert(
            response.headers_mut(),
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            "true",
        );
        insert(
            response.headers_mut(),
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            EXPOSED,
        );
        response
            .headers_mut()
            .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

fn is_allowed(origin: &HeaderValue, allowed: &[String]) -> bool {
    origin.to_str().is_ok_and(|origin| {
        allowed
            .iter()
            .any(|allowed| allowed.trim_end_matches('/') == origin)
    })
}

fn preflight() -> Response {
    let mut response = StatusCode::OK.into_response();
    insert(
        response.headers_mut(),
        header::ACCESS_CONTROL_ALLOW_METHODS,
        METHODS,
    );
    insert(
        response.headers_mut(),
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HEADERS,
    );
    insert(response.headers_mut(), header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
