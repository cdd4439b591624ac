//! `notifications/preferences/`: who wants to be told of what, by which ways.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, boolean},
};
use serde::Serialize;
use strum::IntoEnumIterator as _;
use utoipa::ToSchema;

use crate::{
    kinds::{Kind, Ways},
    preferences::{self, Choice},
};

/// The ways of one kind.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = NotificationWays)]
pub struct WaysView {
    /// In the list. Always true for `message:new` and `moderation`.
    in_app: bool,
    /// By push, unless the account's `push_enabled` is off.
    push: bool,
    /// By a mail of its own, unless the account's `email_enabled` is off.
    email: bool,
}

impl WaysView {
    fn of(kind: Kind, ways: Ways) -> Self {
        Self {
            in_app: ways.in_app || kind.is_always_listed(),
            push: ways.push,
            email: ways.email,
        }
    }
}

/// Choices by kind; what is left out stays.
pub struct Choices(Vec<(Kind, Choice)>);

impl Input for Choices {
    fn read(fields: &mut Fields) -> Self {
        let choices = Kind::iter().filter_map(|kind| {
            let choice = fields.nested(kind.name(), |fields| {
                let in_app = fields.optional("in_app", boolean());
                if kind.is_always_listed() && in_app == Some(false) {
                    fields.refuse::<()>("in_app", "These are always in the list.");
                }
                Choice {
                    in_app,
                    push: fields.optional("push", boolean()),
                    email: fields.optional("email", boolean()),
                }
            })?;
            Some((kind, choice))
        });
        Self(choices.collect())
    }
}

/// By which ways one is told of what: an object for every kind.
#[utoipa::path(
    get, path = "/api/v1/notifications/preferences/", tag = "notifications",
    responses((status = 200, body = BTreeMap<String, WaysView>))
)]
pub async fn read(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<BTreeMap<&'static str, WaysView>>, ApiError> {
    let all = preferences::all_of(app.db().reader(), viewer.id).await?;
    let view = |(kind, ways): (Kind, Ways)| (kind.name(), WaysView::of(kind, ways));
    Ok(Json(all.into_iter().map(view).collect()))
}

/// Changes single ways of single kinds, such as `{"like": {"push": false}}`; what is left out stays.
#[utoipa::path(
    patch, path = "/api/v1/notifications/preferences/", tag = "notifications",
    request_body = BTreeMap<String, WaysView>,
    responses((status = 200, body = BTreeMap<String, WaysView>), (status = 400, description = "Messages by kind and way"))
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    Body(Choices(choices)): Body<Choices>,
) -> Result<Json<BTreeMap<&'static str, WaysView>>, ApiError> {
    preferences::change(&app, viewer.id, &choices).await?;
    read(State(app), CurrentUser(viewer)).await
}
