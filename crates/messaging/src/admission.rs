//! Who may write to others, and how often: looked at before the body is read, so that every request counts, valid or not.

use axum::{extract::FromRequestParts, http::request::Parts};
use platform::{
    App,
    http::{ApiError, CurrentUser, Viewer},
};

use crate::settings;

/// The window of both limits, in seconds.
const WINDOW: u32 = 60;

/// Whoever may send a message now, or 401, 403 or 429.
pub struct Sender(pub Viewer);

impl FromRequestParts<App> for Sender {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let most = settings::of(app).messages_per_minute;
        admit(parts, app, "messages", most).await.map(Self)
    }
}

/// Whoever may begin a conversation now, or 401, 403 or 429.
pub struct Starter(pub Viewer);

impl FromRequestParts<App> for Starter {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let most = settings::of(app).threads_per_minute;
        admit(parts, app, "threads", most).await.map(Self)
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
