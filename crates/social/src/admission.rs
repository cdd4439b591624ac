//! Who may write posts and comments, and how often: looked at before the body is read, so that every request counts, valid
//! or not. Everything that makes a post or a comment passes here.

use axum::{extract::FromRequestParts, http::request::Parts};
use platform::{
    App,
    http::{ApiError, CurrentUser, Viewer},
};

/// Posts and reposts of one person in a window.
const MOST_POSTS: i64 = 30;
/// Comments of one person in a window.
const MOST_COMMENTS: i64 = 60;
/// The window, in seconds.
const WINDOW: u32 = 60;

/// Whoever may make a post now, or 401, 403 or 429.
pub struct PostAuthor(pub Viewer);

impl FromRequestParts<App> for PostAuthor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        admit(parts, app, "posts", MOST_POSTS).await.map(Self)
    }
}

/// Whoever may make a comment now, or 401, 403 or 429.
pub struct CommentAuthor(pub Viewer);

impl FromRequestParts<App> for CommentAuthor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        admit(parts, app, "comments", MOST_COMMENTS).await.map(Self)
    }
}

async fn admit(parts: &mut Parts, app: &App, what: &str, most: i64) -> Result<Viewer, ApiError> {
    let CurrentUser(viewer) = CurrentUser::from_request_parts(parts, app).await?;
    viewer.require_unrestricted()?;
    let key = format!("{what}:user:{}", viewer.id);
    if app.within_fixed_limit(&key, most, WINDOW.into()).await {
        Ok(viewer)
    } else {
        Err(ApiError::throttled(WINDOW.into()))
    }
}
