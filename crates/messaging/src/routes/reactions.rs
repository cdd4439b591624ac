//! Emoji on messages.

use axum::{Json, extract::State};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, PathId, Rule as _, text},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::input::anything;
use crate::{
    access,
    reactions::{self, LONGEST_EMOJI},
    views::ReactionView,
};

/// What to give a message, or to take back.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct ReactionBody {
    #[schema(min_length = 1, max_length = 16)]
    emoji: String,
}

/// What a message was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReactionsAnswer {
    reactions: Vec<ReactionView>,
}

/// What was done, and what the message is given by now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReactionAnswer {
    /// `added` or `removed`.
    action: &'static str,
    reactions: Vec<ReactionView>,
}

/// The emoji as it was sent, or what is wrong with it.
fn checked(sent: Option<Value>) -> Result<String, String> {
    let Some(Value::String(emoji)) = sent.filter(|sent| *sent != "") else {
        return Err("emoji is required".to_owned());
    };
    if let Err(messages) = text().or_blank().check(&Value::String(emoji.clone())) {
        return Err(messages.concat());
    }
    if emoji.chars().count() > LONGEST_EMOJI {
        return Err("emoji is too long".to_owned());
    }
    Ok(emoji)
}

/// An emoji, or what is wrong with it.
pub struct Emoji(Result<String, String>);

impl Input for Emoji {
    fn read(fields: &mut Fields) -> Self {
        Self(checked(fields.nullable("emoji", anything()).flatten()))
    }
}

/// What a message was given, the emoji that was first given first.
#[utoipa::path(
    get, path = "/api/v1/messages/{id}/reactions/", tag = "messaging", params(("id" = i64, Path)),
    responses((status = 200, body = ReactionsAnswer), (status = 404, description = "No such message in one's threads"))
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<ReactionsAnswer>, ApiError> {
    let reactions = reactions::of(&app, &viewer, id.of("Message")?).await?;
    Ok(Json(ReactionsAnswer {
        reactions: reactions.seen_by(Some(viewer.id)),
    }))
}

/// Gives a message an emoji, or takes it back.
#[utoipa::path(
    post, path = "/api/v1/messages/{id}/reactions/", tag = "messaging", params(("id" = i64, Path)), request_body = ReactionBody,
    responses(
        (status = 200, body = ReactionAnswer), (status = 400, description = "No emoji, or one too long"),
        (status = 404, description = "No such message in one's threads"),
    )
)]
pub async fn toggle(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    body: Result<Body<Emoji>, ApiError>,
) -> Result<Json<ReactionAnswer>, ApiError> {
    let id = id.of("Message")?;
    access::message_of(app.db().reader(), id, viewer.id).await?;
    let Body(Emoji(emoji)) = body?;
    let emoji = emoji.map_err(ApiError::bad_request)?;
    viewer.require_unrestricted()?;
    let toggled = reactions::toggle(&app, &viewer, id, &emoji).await?;
    Ok(Json(ReactionAnswer {
        action: if toggled.is_added { "added" } else { "removed" },
        reactions: toggled.reactions.seen_by(Some(viewer.id)),
    }))
}
