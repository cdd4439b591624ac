//! What has arrived, and what has been read.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, PathId},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    input::{anything, id_of, reference},
    messages::show,
};
use crate::{access, receipts, views::MessageView};

/// Where a message has arrived.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct AcknowledgementBody {
    /// `delivered`
    status: String,
}

/// Up to where a thread was read.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct ReadBody {
    /// A message of the thread; anything else means its newest one. Also called `last_read_id`.
    last_read_message_id: Option<i64>,
}

/// Up to where a thread is read.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadAnswer {
    /// `read`
    status: &'static str,
    last_read_message_id: String,
}

/// See [`AcknowledgementBody`].
pub struct Acknowledgement(bool);

impl Input for Acknowledgement {
    fn read(fields: &mut Fields) -> Self {
        let status = fields.nullable("status", anything()).flatten();
        Self(status.is_some_and(|status| status == "delivered"))
    }
}

/// See [`ReadBody`].
pub struct ReadInput(Option<Value>);

impl Input for ReadInput {
    fn read(fields: &mut Fields) -> Self {
        Self(reference(fields, &["last_read_message_id", "last_read_id"]))
    }
}

/// Says that a message of somebody else has arrived. Once it has, nothing changes.
#[utoipa::path(
    post, path = "/api/v1/messages/{id}/ack/", tag = "messaging", params(("id" = i64, Path)), request_body = AcknowledgementBody,
    responses(
        (status = 200, body = MessageView), (status = 400, description = "Another status"),
        (status = 404, description = "No such message in one's threads"),
    )
)]
pub async fn acknowledge(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    body: Result<Body<Acknowledgement>, ApiError>,
) -> Result<Json<MessageView>, ApiError> {
    let id = id.of("Message")?;
    access::message_of(app.db().reader(), id, viewer.id).await?;
    let Body(Acknowledgement(is_delivered)) = body?;
    if !is_delivered {
        return Err(ApiError::bad_request("status must be 'delivered'."));
    }
    receipts::acknowledge(&app, &viewer, id).await?;
    Ok(Json(show(&app, &viewer, id).await?))
}

/// Says that one has read a thread, up to a message or as it is. Nothing that was read becomes unread.
#[utoipa::path(
    post, path = "/api/v1/threads/{id}/read/", tag = "messaging", params(("id" = i64, Path)), request_body = ReadBody,
    responses(
        (status = 200, body = ReadAnswer), (status = 204, description = "The thread is empty"),
        (status = 403, description = "Not a member"), (status = 404, description = "No such thread"),
    )
)]
pub async fn read(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    body: Result<Body<ReadInput>, ApiError>,
) -> Result<Response, ApiError> {
    let id = id.of("Thread")?;
    access::of_member(app.db().reader(), id, viewer.id).await?;
    let Body(ReadInput(wanted)) = body?;
    let wanted = wanted.as_ref().and_then(id_of);
    Ok(match receipts::read(&app, &viewer, id, wanted).await? {
        Some(mark) => Json(ReadAnswer {
            status: "read",
            last_read_message_id: mark.to_string(),
        })
        .into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
