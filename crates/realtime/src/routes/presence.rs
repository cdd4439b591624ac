//! `presence/`: who is online.

use axum::{Json, extract::State};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, Parameters, Timestamp, boolean},
    id::UserId,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::presence::{self, Shown, status};

/// Accounts that one request may ask for.
const MOST: usize = 100;

/// Whether somebody is online, as far as the viewer may know.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Presence)]
pub struct PresenceView {
    user_id: i64,
    /// `online` or `offline`. Whoever the viewer may not know of is offline.
    status: &'static str,
    /// When they were connected last; null while they are online, and where it is not known.
    #[schema(required = true)]
    last_seen_at: Option<Timestamp>,
}

impl From<Shown> for PresenceView {
    fn from(shown: Shown) -> Self {
        Self {
            user_id: shown.user.0,
            status: status(shown.is_online),
            last_seen_at: shown.last_seen_at.map(Timestamp),
        }
    }
}

/// What was asked for, in the same order.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresenceList {
    results: Vec<PresenceView>,
}

/// Who of these people is online. People are shown to those whom they follow and who follow them, and to those with whom they
/// share a conversation; everybody else looks offline, as does whoever has switched it off.
#[utoipa::path(
    get, path = "/api/v1/presence/", tag = "presence",
    params(("ids" = String, Query, description = "User ids separated by commas, at most 100")),
    responses((status = 200, body = PresenceList), (status = 400, description = "No ids, too many, or not numbers"))
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    parameters: Parameters,
) -> Result<Json<PresenceList>, ApiError> {
    let users = ids(parameters.get("ids").unwrap_or_default())?;
    let shown = presence::shown(&app, &viewer, &users).await?;
    Ok(Json(PresenceList {
        results: shown.into_iter().map(Into::into).collect(),
    }))
}

/// Reads ids; one that is there twice counts once.
fn ids(text: &str) -> Result<Vec<UserId>, ApiError> {
    let mut users: Vec<UserId> = Vec::new();
    for id in text.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        let id = id
            .parse()
            .map_err(|_| ApiError::field("ids", "Enter user ids separated by commas."))?;
        if !users.contains(&UserId(id)) {
            users.push(UserId(id));
        }
        if users.len() > MOST {
            return Err(ApiError::field(
                "ids",
                format!("Ask for at most {MOST} people at once."),
            ));
        }
    }
    if users.is_empty() {
        return Err(ApiError::field("ids", "Enter user ids separated by commas."));
    }
    Ok(users)
}

/// What somebody has chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresenceChoice {
    /// Whether friends, and people of the same conversations, see when one is online or was last. True unless chosen otherwise.
    show_presence: bool,
}

/// A choice that is sent.
pub struct NewChoice(bool);

impl Input for NewChoice {
    fn read(fields: &mut Fields) -> Self {
        Self(fields.required("show_presence", boolean()))
    }
}

/// Whether others see when one is online.
#[utoipa::path(
    get, path = "/api/v1/presence/settings/", tag = "presence",
    responses((status = 200, body = PresenceChoice))
)]
pub async fn choice(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<PresenceChoice>, ApiError> {
    let show_presence = presence::is_shown(app.db().reader(), viewer.id).await?;
    Ok(Json(PresenceChoice { show_presence }))
}

/// Changes whether others see when one is online; whoever did see it is told at once.
#[utoipa::path(
    patch, path = "/api/v1/presence/settings/", tag = "presence",
    request_body = PresenceChoice,
    responses((status = 200, body = PresenceChoice), (status = 400, description = "No choice"))
)]
pub async fn choose(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    Body(NewChoice(show_presence)): Body<NewChoice>,
) -> Result<Json<PresenceChoice>, ApiError> {
    presence::show(&app, viewer.id, show_presence).await?;
    Ok(Json(PresenceChoice { show_presence }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_counted_once_and_bounded() {
        assert_eq!(ids(" 7,8, 7,").unwrap(), [UserId(7), UserId(8)]);
        for bad in ["", ",", "x", "1,x", "1.5", "99999999999999999999"] {
            assert!(ids(bad).is_err(), "{bad}");
        }
        let many = |count: usize| (0..count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(ids(&many(100)).unwrap().len(), 100);
        assert!(ids(&many(101)).is_err());
    }
}
