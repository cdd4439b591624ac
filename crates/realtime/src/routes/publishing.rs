//! `POST /internal/publish`: another server tells those who look at a post or a comment that somebody gave something.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::{App, http::Origin};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use crate::{admission::is_channel, settings, settings::RealtimeSettings};

/// What may be published.
const KIND: &str = "gift.received";

/// Publishes an event. The checks have the order that callers rely on.
pub async fn publish(
    State(app): State<App>,
    origin: Origin,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return refusal(rejection.status(), &json!(rejection.body_text())),
    };
    match accept(&app, &origin, &headers, &body).await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err((status, detail)) => refusal(status, &detail),
    }
}

fn refusal(status: StatusCode, detail: &Value) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

async fn accept(
    app: &App,
    origin: &Origin,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), (StatusCode, Value)> {
    let Publication { channel, payload } =
        read(body).map_err(|problems| (StatusCode::UNPROCESSABLE_ENTITY, problems))?;
    let settings = settings::of(app);
    authorize(&settings, headers).map_err(|(status, words)| (status, json!(words)))?;
    let refuse = |status, words: &str| Err((status, json!(words)));
    if let Some((times, seconds)) = settings.publish_rate.0 {
        let key = format!("realtime:publish:{}", origin.claimed_address);
        if !app.within_fixed_limit(&key, times, seconds).await {
            return refuse(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded");
        }
    }
    if !is_channel(&channel) {
        return refuse(StatusCode::BAD_REQUEST, "Invalid channel");
    }
    if payload["type"] != KIND {
        return refuse(StatusCode::BAD_REQUEST, "Invalid event type");
    }
    let published = app.pubsub().publish(&channel, payload.to_string().into()).await;
    published.or_else(|error| {
        tracing::warn!(%error, channel, "an event could not be published");
        refuse(StatusCode::SERVICE_UNAVAILABLE, "Publish failed")
    })
}

struct Publication {
    channel: String,
    payload: Value,
}

/// Reads the body; what is wrong with it is told field by field.
fn read(body: &[u8]) -> Result<Publication, Value> {
    let problem = |place: Value, kind: &str, words: &str| json!({ "loc": place, "msg": words, "type": kind });
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Err(json!([problem(
            json!(["body"]),
            "json_invalid",
            "JSON decode error"
        )]));
    };
    let Value::Object(mut body) = body else {
        return Err(json!([problem(
            json!(["body"]),
            "dict_type",
            "Input should be a valid dictionary"
        )]));
    };
    let mut problems = Vec::new();
    let mut missing = |name: &str, wrong: Option<(&str, &str)>| {
        let (kind, words) = wrong.unwrap_or(("missing", "Field required"));
        problems.push(problem(json!(["body", name]), kind, words));
    };
    let channel = match body.remove("channel") {
        Some(Value::String(channel)) => channel,
        other => {
            missing(
                "channel",
                other.map(|_| ("string_type", "Input should be a valid string")),
            );
            String::new()
        }
    };
    let payload = match body.remove("payload") {
        Some(payload @ Value::Object(_)) => payload,
        other => {
            missing(
                "payload",
                other.map(|_| ("dict_type", "Input should be a valid dictionary")),
            );
            Value::Null
        }
    };
    if problems.is_empty() {
        Ok(Publication { channel, payload })
    } else {
        Err(problems.into())
    }
}

fn authorize(settings: &RealtimeSettings, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .filter(|token| !token.is_empty());
    let wanted = settings
        .publish_token
        .as_ref()
        .filter(|token| !token.expose().is_empty());
    let (Some(sent), Some(wanted)) = (sent, wanted) else {
        return Err((StatusCode::UNAUTHORIZED, "Missing token"));
    };
    if bool::from(sent.as_bytes().ct_eq(wanted.expose().as_bytes())) {
        Ok(())
    } else {
        Err((StatusCode::FORBIDDEN, "Invalid token"))
    }
}
