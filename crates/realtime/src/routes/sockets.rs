//! `GET /ws`

use axum::{
    Json,
    extract::{
        Query, State,
        rejection::QueryRejection,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::{App, http::ApiError};
use serde_json::json;

use crate::{
    admission::{Wish, admit},
    connection::{self, LONGEST_FRAME},
    gateway::Gateway,
};

/// Room that a connection has for reading before it needs more. Most do nothing but wait.
const READ_BUFFER: usize = 1024;
/// What is written is collected up to this before it goes out.
const WRITE_BUFFER: usize = 8192;

/// Opens a connection. Whoever is not let in is told so by the connection, as browsers do not show the answer to a handshake.
pub async fn open(
    State(app): State<App>,
    wish: Result<Query<Wish>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return no_handshake();
    };
    let Ok(Query(wish)) = wish else {
        return ApiError::bad_request("The query cannot be read: name each parameter once.").into_response();
    };
    let Some(gateway) = Gateway::of(&app) else {
        return ApiError::not_found().into_response();
    };
    if gateway.hub.len() >= gateway.settings(&app).max_connections.0 as usize {
        metrics::counter!("selflink_realtime_full_total").increment(1);
        return ApiError::unavailable("This gateway is full. Please try again in a moment.").into_response();
    }
    let admitted = admit(&app, &gateway, &wish).await;
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(LONGEST_FRAME)
        .max_frame_size(LONGEST_FRAME)
        .on_upgrade(move |socket| connection::serve(socket, app, gateway, admitted))
}

fn no_handshake() -> Response {
    (
        StatusCode::UPGRADE_REQUIRED,
        [(header::UPGRADE, HeaderValue::from_static("websocket"))],
        Json(json!({ "detail": "This is a WebSocket endpoint; connect with a WebSocket client." })),
    )
        .into_response()
}
