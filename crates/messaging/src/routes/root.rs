//! The root of messaging.

use axum::Json;
use platform::http::Origin;
use serde::Serialize;
use utoipa::ToSchema;

/// Where a client can begin.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagingRoot {
    threads: String,
    messages: String,
}

/// The root of messaging.
#[utoipa::path(get, path = "/api/v1/messaging/", tag = "messaging", responses((status = 200, body = MessagingRoot)))]
pub async fn root(origin: Origin) -> Json<MessagingRoot> {
    let base = format!("{}/api/v1/messaging", origin.base_url);
    Json(MessagingRoot {
        threads: format!("{base}/threads/"),
        messages: format!("{base}/messages/"),
    })
}
