//! `notifications/`: one's own.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, Input, Paginated, Paging, Parameters, PathId, Rule, boolean,
        json, text,
    },
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{
    counters,
    inbox::{self, Filter, ID, Notification, OwnNote, SORTABLE},
    views::NotificationView,
};

/// A notification for oneself. Of one that exists only `is_read: true` changes anything.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct NotificationBody {
    /// Any word.
    #[schema(min_length = 1, max_length = 64)]
    r#type: String,
    /// `{}` when it is left out.
    #[schema(value_type = Option<Object>)]
    payload: Option<Value>,
    is_read: Option<bool>,
}

impl Input for OwnNote {
    fn read(fields: &mut Fields) -> Self {
        Self {
            kind: fields.required("type", text().max(64)),
            payload: fields.optional("payload", json()).unwrap_or_else(|| json!({})),
            is_read: fields.optional("is_read", boolean()).unwrap_or(false),
        }
    }
}

/// A change of a notification: the fields must be valid, but only one counts.
pub struct Change {
    is_read: bool,
}

impl Input for Change {
    fn read(fields: &mut Fields) -> Self {
        fields.optional("type", text().max(64));
        fields.optional("payload", json());
        Self {
            is_read: fields.optional("is_read", boolean()).unwrap_or(false),
        }
    }
}

impl Filter {
    fn of(parameters: &Parameters) -> Result<Self, ApiError> {
        let mut errors = Map::new();
        let mut note = |name: &str, messages: Vec<String>| {
            errors.insert(name.to_owned(), json!(messages));
        };
        let sent = |name| parameters.get(name).filter(|value| !value.is_empty());
        let is_read = sent("is_read")
            .map(|value| boolean().check_text(value))
            .transpose();
        let kind = sent("type")
            .map(|value| text().max(64).check_text(value))
            .transpose();
        let filter = Self {
            is_read: is_read.unwrap_or_else(|messages| {
                note("is_read", messages);
                None
            }),
            kind: kind.unwrap_or_else(|messages| {
                note("type", messages);
                None
            }),
        };
        if errors.is_empty() {
            Ok(filter)
        } else {
            Err(ApiError::fields(errors))
        }
    }
}

/// One's own notifications, newest first.
#[utoipa::path(
    get, path = "/api/v1/notifications/", tag = "notifications",
    params(
        ("is_read" = Option<bool>, Query, description = "Those that were read, or were not"),
        ("type" = Option<String>, Query, description = "Those of a type"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "`id`, `type`, `is_read`, `created_at`; `-` before those that descend"),
    ),
    responses(
        (status = 200, body = Paginated<NotificationView>), (status = 400, description = "Messages by parameter"),
        (status = 404, description = "Invalid cursor"),
    )
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    parameters: Parameters,
    paging: Paging,
) -> Result<Json<Paginated<NotificationView>>, ApiError> {
    let filter = Filter::of(&parameters)?;
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let found = inbox::page_of(&app, viewer.id, &filter, &page).await?;
    let answer = page.answer(found, Notification::sort_value);
    Ok(Json(answer.map(NotificationView::of)))
}

/// Makes a notification for oneself: one's other clients are told, but nothing is pushed or mailed.
#[utoipa::path(
    post, path = "/api/v1/notifications/", tag = "notifications", request_body = NotificationBody,
    responses((status = 201, body = NotificationView), (status = 400, description = "Messages by field"))
)]
pub async fn create(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    Body(note): Body<OwnNote>,
) -> Result<(StatusCode, Json<NotificationView>), ApiError> {
    let made = inbox::create(&app, viewer.id, &note).await?;
    Ok((StatusCode::CREATED, Json(NotificationView::of(made))))
}

/// One of one's own notifications.
#[utoipa::path(
    get, path = "/api/v1/notifications/{id}/", tag = "notifications", params(("id" = i64, Path)),
    responses((status = 200, body = NotificationView), (status = 404, description = "No such notification of one's own"))
)]
pub async fn detail(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<NotificationView>, ApiError> {
    let found = inbox::find(app.db().reader(), viewer.id, id.of("Notification")?).await?;
    Ok(Json(NotificationView::of(found)))
}

/// Marks a notification as read with `is_read: true`; whatever else is sent changes nothing. `type` is required.
#[utoipa::path(
    put, path = "/api/v1/notifications/{id}/", tag = "notifications", params(("id" = i64, Path)),
    request_body = NotificationBody,
    responses(
        (status = 200, body = NotificationView), (status = 400, description = "Messages by field"),
        (status = 404, description = "No such notification of one's own"),
    )
)]
pub async fn replace(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    Body(note): Body<OwnNote>,
) -> Result<Json<NotificationView>, ApiError> {
    let changed = inbox::change(&app, viewer.id, id.of("Notification")?, note.is_read).await?;
    Ok(Json(NotificationView::of(changed)))
}

/// Marks a notification as read with `is_read: true`; whatever else is sent changes nothing.
#[utoipa::path(
    patch, path = "/api/v1/notifications/{id}/", tag = "notifications", params(("id" = i64, Path)),
    request_body = NotificationBody,
    responses(
        (status = 200, body = NotificationView), (status = 400, description = "Messages by field"),
        (status = 404, description = "No such notification of one's own"),
    )
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    Body(change): Body<Change>,
) -> Result<Json<NotificationView>, ApiError> {
    let changed = inbox::change(&app, viewer.id, id.of("Notification")?, change.is_read).await?;
    Ok(Json(NotificationView::of(changed)))
}

/// Removes a notification.
#[utoipa::path(
    delete, path = "/api/v1/notifications/{id}/", tag = "notifications", params(("id" = i64, Path)),
    responses((status = 204, description = "Removed"), (status = 404, description = "No such notification of one's own"))
)]
pub async fn remove(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    inbox::remove(&app, viewer.id, id.of("Notification")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many notifications became read.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarkedRead {
    updated: u64,
}

/// Marks all of one's own notifications as read; those that were read before keep their time.
#[utoipa::path(
    post, path = "/api/v1/notifications/mark-all-read/", tag = "notifications",
    responses((status = 200, body = MarkedRead))
)]
pub async fn mark_all_read(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<MarkedRead>, ApiError> {
    let updated = inbox::mark_all_read(&app, viewer.id).await?;
    Ok(Json(MarkedRead { updated }))
}

/// How many notifications are unread.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnreadCount {
    unread_count: i64,
}

/// How many of one's own notifications are unread.
#[utoipa::path(
    get, path = "/api/v1/notifications/unread-count/", tag = "notifications",
    responses((status = 200, body = UnreadCount))
)]
pub async fn unread_count(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<UnreadCount>, ApiError> {
    let counts = counters::unread(app.db().reader(), &[viewer.id]).await?;
    let unread_count = counts.get(&viewer.id).copied().unwrap_or(0);
    Ok(Json(UnreadCount { unread_count }))
}
