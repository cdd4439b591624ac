//! Who is typing.

use axum::{Json, extract::State};
use identity::UserView;
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, PathId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::{anything, is_truthy};
use crate::{access, typing};

/// Whether one is typing: yes, if nothing is sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TypingSignal {
    is_typing: bool,
}

/// Who is typing in a thread.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypingAnswer {
    typing_user_ids: Vec<i64>,
    users: Vec<UserView>,
}

impl Input for TypingSignal {
    fn read(fields: &mut Fields) -> Self {
        let sent = fields.nullable("is_typing", anything());
        Self {
            is_typing: sent.is_none_or(|value| value.as_ref().is_some_and(is_truthy)),
        }
    }
}

/// Who is typing in a thread of one's own, oneself included.
#[utoipa::path(
    get, path = "/api/v1/threads/{id}/typing/", tag = "messaging", params(("id" = i64, Path)),
    responses((status = 200, body = TypingAnswer), (status = 403, description = "Not a member"), (status = 404, description = "No such thread"))
)]
pub async fn who(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<TypingAnswer>, ApiError> {
    let users = typing::who(&app, &viewer, id.of("Thread")?).await?;
    Ok(Json(TypingAnswer {
        typing_user_ids: users.iter().map(|user| user.id).collect(),
        users,
    }))
}

/// Says that one is typing, or does no longer. Known for seven seconds, and told to the others.
#[utoipa::path(
    post, path = "/api/v1/threads/{id}/typing/", tag = "messaging", params(("id" = i64, Path)), request_body = TypingSignal,
    responses((status = 200, body = TypingSignal), (status = 403, description = "Not a member"), (status = 404, description = "No such thread"))
)]
pub async fn signal(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    body: Result<Body<TypingSignal>, ApiError>,
) -> Result<Json<TypingSignal>, ApiError> {
    let id = id.of("Thread")?;
    access::of_member(app.db().reader(), id, viewer.id).await?;
    let Body(signal) = body?;
    typing::signal(&app, &viewer, id, signal.is_typing).await?;
    Ok(Json(signal))
}
