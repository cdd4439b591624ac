//! `moderation/admin/queue/`: what waits for moderators, and who works on what.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{ApiError, Body, Fields, Input, Paginated, Paging, Parameters, Timestamp, choice, integer},
    id::UserId,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    entities::reports::Target,
    moderators::Moderator,
    queue::{self, FIRST, Waiting, sort_value},
};

/// A target that waits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueItem)]
pub struct QueueItemView {
    target_type: Target,
    target_id: i64,
    /// The oldest of its reports that wait.
    report: i64,
    /// How many wait.
    reports: i64,
    /// How many of them the list of banned words has made.
    automatic: i64,
    oldest_at: Timestamp,
    newest_at: Timestamp,
    /// Who works on it.
    #[schema(required = true)]
    assigned_to: Option<i64>,
    #[schema(required = true)]
    assigned_at: Option<Timestamp>,
}

impl QueueItemView {
    fn of(waiting: &Waiting) -> Self {
        Self {
            target_type: waiting.target_type,
            target_id: waiting.target_id,
            report: waiting.first_id,
            reports: waiting.reports,
            automatic: waiting.automatic,
            oldest_at: Timestamp(waiting.oldest_at),
            newest_at: Timestamp(waiting.newest_at),
            assigned_to: waiting.assigned_to.map(|user| user.0),
            assigned_at: waiting.assigned_at.map(Timestamp),
        }
    }
}

/// What waits, by target, the oldest first. For moderators.
#[utoipa::path(
    get, path = "/api/v1/moderation/admin/queue/", tag = "moderation",
    params(
        ("assigned_to" = Option<String>, Query, description = "Only what this account works on; `me`: what one works on oneself"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
    ),
    responses(
        (status = 200, body = Paginated<QueueItemView>), (status = 403, description = "Not a moderator"),
        (status = 404, description = "Invalid cursor"),
    )
)]
pub async fn list(
    State(app): State<App>,
    by: Moderator,
    parameters: Parameters,
    paging: Paging,
) -> Result<Json<Paginated<QueueItemView>>, ApiError> {
    let assigned_to = match parameters.get("assigned_to").map(str::trim) {
        None | Some("") => None,
        Some("me") => by.id,
        // What is no id is nobody's.
        Some(text) => Some(UserId(text.parse().unwrap_or(0))),
    };
    let page = paging.order(&[FIRST], "id", FIRST)?;
    let found = queue::page_of(app.db().reader(), assigned_to, &page).await?;
    Ok(Json(
        page.answer(found, sort_value)
            .map(|waiting| QueueItemView::of(&waiting)),
    ))
}

/// A target of the queue, and whom it is given to.
#[derive(ToSchema)]
pub struct AssignmentBody {
    target_type: Target,
    target_id: i64,
    /// Oneself, when missing.
    assigned_to: Option<i64>,
}

impl Input for AssignmentBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            target_type: fields.required("target_type", choice()),
            target_id: fields.required("target_id", integer()),
            assigned_to: fields.optional("assigned_to", integer()),
        }
    }
}

/// Takes a target to work on, or hands it over to another moderator. It is kept from others for two hours; superusers may take
/// it before. For moderators.
#[utoipa::path(
    post, path = "/api/v1/moderation/admin/queue/assignments/", tag = "moderation", request_body = AssignmentBody,
    responses(
        (status = 204, description = "Done"), (status = 400, description = "Somebody else works on it, or nothing waits"),
        (status = 403, description = "Not a moderator"),
    )
)]
pub async fn assign(
    State(app): State<App>,
    by: Moderator,
    Body(body): Body<AssignmentBody>,
) -> Result<StatusCode, ApiError> {
    let to = body.assigned_to.map(UserId).or(by.id).unwrap_or(UserId(0));
    queue::assign(&app, &by, (body.target_type, body.target_id), to).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a target that one works on back to everybody. For moderators.
#[utoipa::path(
    delete, path = "/api/v1/moderation/admin/queue/assignments/", tag = "moderation", request_body = AssignmentBody,
    responses(
        (status = 204, description = "Nobody works on it"), (status = 400, description = "Somebody else works on it"),
        (status = 403, description = "Not a moderator"),
    )
)]
pub async fn release(
    State(app): State<App>,
    by: Moderator,
    Body(body): Body<AssignmentBody>,
) -> Result<StatusCode, ApiError> {
    queue::release(&app, &by, (body.target_type, body.target_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
