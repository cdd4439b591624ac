//! Catching up.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use platform::{
    App,
    http::{ApiError, CurrentUser, Parameters, PathId},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    sync::{self, Since},
    views::MessageView,
};

/// What a client has missed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncAnswer {
    /// The oldest first.
    messages: Vec<MessageView>,
    /// The same once more.
    results: Vec<MessageView>,
}

/// All messages of a thread since one, or since a moment.
#[utoipa::path(
    get, path = "/api/v1/threads/{id}/sync/", tag = "messaging",
    params(
        ("id" = i64, Path),
        ("since" = Option<String>, Query, description = "The newest known message, or an ISO time; anything else: everything"),
    ),
    responses((status = 200, body = SyncAnswer), (status = 403, description = "Not a member"), (status = 404, description = "No such thread"))
)]
pub async fn sync(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let since = Since::read(parameters.get("since").unwrap_or_default());
    let messages = sync::since(&app, &viewer, id.of("Thread")?, since).await?;
    // Written once for both names: a long history is large.
    let list = serde_json::to_string(&messages).map_err(anyhow::Error::from)?;
    let body = format!(r#"{{"messages":{list},"results":{list}}}"#);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
