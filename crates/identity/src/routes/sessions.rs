//! One's own sessions: where one is signed in, and ending it.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{ApiError, CurrentUser, PathId, Timestamp, Viewer},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    entities,
    errors::AccountError,
    sessions::{self, Ending},
};

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    id: i64,
    /// The client's address when it last signed in or refreshed its tokens.
    address: String,
    /// What the client said of itself then; may be empty.
    user_agent: String,
    created_at: Timestamp,
    /// When its tokens were last issued.
    last_used_at: Timestamp,
    /// When it ends unless its tokens are refreshed.
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    is_current: bool,
}

impl SessionView {
    fn of(session: entities::sessions::Model, viewer: &Viewer) -> Self {
        Self {
            id: session.id,
            address: session.address,
            user_agent: session.user_agent,
            created_at: Timestamp(session.created_at),
            last_used_at: Timestamp(session.rotated_at),
            expires_at: Timestamp(session.expires_at),
            is_current: session.id == viewer.session,
        }
    }
}

/// One's own sessions, the one used last first; at most 100.
#[utoipa::path(get, path = "/api/v1/me/sessions/", tag = "auth", responses((status = 200, body = Vec<SessionView>)))]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<Vec<SessionView>>, ApiError> {
    let sessions = sessions::list(&app, viewer.id).await?;
    Ok(Json(
        sessions
            .into_iter()
            .map(|session| SessionView::of(session, &viewer))
            .collect(),
    ))
}

/// Ends one of one's own sessions at once.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{id}/", tag = "auth", params(("id" = i64, Path)),
    responses((status = 204, description = "Ended"), (status = 404, description = "No such session, or ended before"))
)]
pub async fn end_one(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    let id = id.of("Session")?;
    if end(&app, &viewer, Ending::Only(id)).await? == 0 {
        return Err(ApiError::no_match("Session"));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedAnswer {
    ended: usize,
}

/// Ends all of one's own sessions but the one that asks.
#[utoipa::path(delete, path = "/api/v1/me/sessions/", tag = "auth", responses((status = 200, body = EndedAnswer)))]
pub async fn end_others(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<EndedAnswer>, ApiError> {
    let ended = end(&app, &viewer, Ending::AllBut(viewer.session)).await?;
    Ok(Json(EndedAnswer { ended }))
}

/// Signs out: ends the session of the token.
#[utoipa::path(post, path = "/api/v1/auth/logout/", tag = "auth", responses((status = 204, description = "Signed out")))]
pub async fn sign_out(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<StatusCode, ApiError> {
    end(&app, &viewer, Ending::Only(viewer.session)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn end(app: &App, viewer: &Viewer, ending: Ending) -> Result<usize, AccountError> {
    let ended = app
        .db()
        .write(|tx| async move { sessions::end(&tx, viewer.id, ending).await });
    Ok(ended.await?)
}
