//! The audit trail, for staff to read.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
};
use platform::{
    App,
    http::{ApiError, Paginated, Paging, Parameters},
};
use uuid::Uuid;

use crate::events::{self, EventView};

/// The audit trail, newest first. For staff.
#[utoipa::path(
    get, path = "/api/v1/audit/events/", tag = "audit",
    params(
        ("action" = Option<String>, Query, description = "Only this action"),
        ("object_type" = Option<String>, Query, description = "Only about things of this kind"),
        ("object_id" = Option<String>, Query, description = "Only about this thing"),
        ("actor_user" = Option<i64>, Query, description = "Only what this account did"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "Fields, `-` before those that descend"),
    ),
    responses((status = 200, body = Paginated<EventView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    parameters: Parameters,
    paging: Paging,
) -> Result<Json<Paginated<EventView>>, ApiError> {
    Ok(Json(events::page(&app, &parameters, paging).await?))
}

/// One event of the audit trail. For staff.
#[utoipa::path(
    get, path = "/api/v1/audit/events/{id}/", tag = "audit", params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = EventView), (status = 404, description = "No such event"))
)]
pub async fn detail(State(app): State<App>, EventId(id): EventId) -> Result<Json<EventView>, ApiError> {
    let event = events::find(app.db().reader(), id)
        .await?
        .ok_or_else(|| ApiError::no_match("AuditEvent"))?;
    let actors = events::actors_of(app.db().reader(), std::slice::from_ref(&event)).await?;
    Ok(Json(events::view(event, &actors)))
}

/// The id in a path: what is no UUID leads nowhere.
pub struct EventId(Uuid);

impl FromRequestParts<App> for EventId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let text = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| ApiError::not_found())?;
        Uuid::try_parse(&text)
            .map(Self)
            .map_err(|_| ApiError::not_found())
    }
}
