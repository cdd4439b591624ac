//! What goes wrong, in the exact shapes that clients know.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use sea_orm::DbErr;
use serde_json::{Map, Value, json};

use crate::db;

/// An answer other than success: its status, its JSON body, its extra headers.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    body: Value,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What the server says when it is itself at fault; the cause goes to the log.
const INTERNAL: &str = "The server met an unexpected error. It has been logged; please try again later.";

impl ApiError {
    fn new(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
        }
    }

    fn detail(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(status, json!({ "detail": detail.into() }))
    }

    fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// 400 `{"detail": …}`
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::detail(StatusCode::BAD_REQUEST, detail)
    }

    /// 400 with messages by field.
    pub fn fields(errors: Map<String, Value>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Value::Object(errors))
    }

    /// 400 with messages by field below `detail`, as the clients of messages know them.
    pub fn fields_in_detail(errors: Map<String, Value>) -> Self {
        let below = Map::from_iter([("detail".to_owned(), Value::Object(errors))]);
        Self::new(StatusCode::BAD_REQUEST, Value::Object(below))
    }

    /// 400 with a list of one message below `detail`.
    pub fn list_in_detail(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, json!({ "detail": [message] }))
    }

    /// 400 with one message for one field.
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, json!({ name: [message.into()] }))
    }

    /// 400 with a list of messages alone.
    pub fn list(messages: &[&str]) -> Self {
        Self::new(StatusCode::BAD_REQUEST, json!(messages))
    }

    /// 400 with a message for the object as a whole.
    pub fn object(message: impl Into<String>) -> Self {
        Self::field("non_field_errors", message)
    }

    fn unauthorized(body: Value) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, body)
            .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"api\"")
    }

    /// 401: nobody is signed in.
    pub fn not_authenticated() -> Self {
        Self::unauthorized(json!({ "detail": "Authentication credentials were not provided." }))
    }

    /// 401 with a `code`, as the sign-in and refresh endpoints give it.
    pub fn unauthorized_code(detail: &str, code: &str) -> Self {
        Self::unauthorized(json!({ "detail": detail, "code": code }))
    }

    /// 401: the access token is of no use; `message` says why.
    pub fn token_not_valid(message: &str) -> Self {
        Self::unauthorized(json!({
            "detail": "Given token not valid for any token type",
            "code": "token_not_valid",
            "messages": [{ "token_class": "AccessToken", "token_type": "access", "message": message }],
        }))
    }

    /// 403
    pub fn forbidden() -> Self {
        Self::detail(
            StatusCode::FORBIDDEN,
            "You do not have permission to perform this action.",
        )
    }

    /// 403 with a reason.
    pub fn forbidden_because(detail: &str) -> Self {
        Self::detail(StatusCode::FORBIDDEN, detail)
    }

    /// 403: the account's address has to be verified before anything else.
    pub fn email_not_verified() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            json!({ "detail": "Verify your e-mail address first.", "code": "email_not_verified" }),
        )
    }

    /// 403: staff, but signed in without the second factor that staff must have.
    pub fn second_factor_required() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            json!({ "detail": "Staff must sign in with a second factor.", "code": "second_factor_required" }),
        )
    }

    /// 403: moderators have taken the account's right to write.
    pub fn account_restricted() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            json!({
                "detail": "Moderators have restricted your account: you can read, but not post, comment or send messages.",
                "code": "account_restricted",
            }),
        )
    }

    /// 403: moderators have suspended the account; `detail` says for how long and why.
    pub fn account_suspended(detail: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            json!({ "detail": detail, "code": "account_suspended" }),
        )
    }

    /// 404: there is no such place.
    pub fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not found.")
    }

    /// 404: there is no such `entity`, or none that the viewer may know of.
    pub fn no_match(entity: &str) -> Self {
        Self::detail(
            StatusCode::NOT_FOUND,
            format!("No {entity} matches the given query."),
        )
    }

    /// 404: what was asked for cannot be looked for.
    pub fn not_found_as(detail: &str) -> Self {
        Self::detail(StatusCode::NOT_FOUND, detail)
    }

    /// 404: a cursor that this server did not make.
    pub fn invalid_cursor() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Invalid cursor")
    }

    /// 405
    pub fn method_not_allowed(method: &Method) -> Self {
        Self::detail(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("Method \"{method}\" not allowed."),
        )
    }

    /// 413
    pub fn too_large(limit: usize) -> Self {
        Self::detail(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request body is larger than the limit of {limit} bytes."),
        )
    }

    /// 415
    pub fn unsupported_media_type(sent: &str) -> Self {
        Self::detail(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Unsupported media type \"{sent}\" in request."),
        )
    }

    /// 429 of a throttle; `wait` is in seconds.
    pub fn throttled(wait: u64) -> Self {
        let unit = if wait == 1 { "second" } else { "seconds" };
        let detail = format!("Request was throttled. Expected available in {wait} {unit}.");
        Self::detail(StatusCode::TOO_MANY_REQUESTS, detail)
            .with_header(header::RETRY_AFTER, &wait.to_string())
    }

    /// 429 of a rate limit whose window ends within `wait` seconds.
    pub fn rate_limited(wait: i64) -> Self {
        Self::detail(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded.")
            .with_header(header::RETRY_AFTER, &wait.to_string())
    }

    /// 503: not now.
    pub fn unavailable(detail: &str) -> Self {
        Self::detail(StatusCode::SERVICE_UNAVAILABLE, detail).with_header(header::RETRY_AFTER, "1")
    }

    /// 500; the cause is logged and not shown.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!("internal error: {cause}");
        Self::detail(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL)
    }

    /// What was wrong, in one sentence for people: the detail, or the first message.
    pub fn sentence(&self) -> String {
        fn first(value: &Value) -> Option<String> {
            match value {
                Value::String(text) => Some(text.clone()),
                Value::Array(items) => items.iter().find_map(first),
                Value::Object(map) => map.values().find_map(first),
                _ => None,
            }
        }
        let detail = self.body.get("detail").and_then(first);
        detail.or_else(|| first(&self.body)).unwrap_or_default()
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

impl From<DbErr> for ApiError {
    fn from(error: DbErr) -> Self {
        if db::is_unavailable(&error) {
            tracing::warn!(%error, "the database is busy or away");
            return Self::unavailable("The service is busy. Please try again in a moment.");
        }
        Self::internal(&error)
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<DbErr>() {
            Ok(error) => error.into(),
            Err(error) => Self::internal(&format!("{error:#}")),
        }
    }
}
