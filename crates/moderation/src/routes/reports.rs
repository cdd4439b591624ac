//! `moderation/reports/`: one's own reports.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, Input, Paginated, Paging, PathId, Timestamp, choice, integer,
        text,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    entities::reports::{Model, Status, Target},
    reports::{self, ID, NewReport, ReportChange, SORTABLE, sort_value},
};

/// Longest reason of a report or a decision, in characters.
pub const LONGEST_REASON: usize = 255;

/// A report, as its reporter sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub struct ReportView {
    id: i64,
    target_type: Target,
    target_id: i64,
    reason: String,
    status: Status,
    /// What moderators say to it.
    notes: String,
    created_at: Timestamp,
}

impl ReportView {
    pub fn of(report: Model) -> Self {
        Self {
            id: report.id,
            target_type: report.target_type,
            target_id: report.target_id,
            reason: report.reason,
            status: report.status,
            notes: report.notes,
            created_at: Timestamp(report.created_at),
        }
    }
}

/// A report. `POST` and `PUT` need every field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct ReportBody {
    target_type: Target,
    target_id: i64,
    #[schema(min_length = 1, max_length = 255)]
    reason: String,
}

impl Input for NewReport {
    fn read(fields: &mut Fields) -> Self {
        Self {
            target_type: fields.required("target_type", choice()),
            target_id: fields.required("target_id", integer()),
            reason: fields.required("reason", text().max(LONGEST_REASON)),
        }
    }
}

impl Input for ReportChange {
    fn read(fields: &mut Fields) -> Self {
        Self {
            target_type: fields.optional("target_type", choice()),
            target_id: fields.optional("target_id", integer()),
            reason: fields.optional("reason", text().max(LONGEST_REASON)),
        }
    }
}

/// One's own reports, newest first; also those that the list of banned words has made of one's own words.
#[utoipa::path(
    get, path = "/api/v1/moderation/reports/", tag = "moderation",
    params(
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
    ),
    responses((status = 200, body = Paginated<ReportView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    paging: Paging,
) -> Result<Json<Paginated<ReportView>>, ApiError> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let found = reports::page_of(app.db().reader(), reports::of_reporter(viewer.id), &page).await?;
    Ok(Json(page.answer(found, sort_value).map(ReportView::of)))
}

/// Reports something to the moderators.
#[utoipa::path(
    post, path = "/api/v1/moderation/reports/", tag = "moderation", request_body = ReportBody,
    responses(
        (status = 201, body = ReportView), (status = 400, description = "Messages by field"),
        (status = 429, description = "Too many reports")
    )
)]
pub async fn file(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    Body(report): Body<NewReport>,
) -> Result<(StatusCode, Json<ReportView>), ApiError> {
    let filed = reports::file(&app, &viewer, &report).await?;
    Ok((StatusCode::CREATED, Json(ReportView::of(filed))))
}

/// One of one's own reports.
#[utoipa::path(
    get, path = "/api/v1/moderation/reports/{id}/", tag = "moderation", params(("id" = i64, Path)),
    responses((status = 200, body = ReportView), (status = 404, description = "No such report of one's own"))
)]
pub async fn detail(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<ReportView>, ApiError> {
    let report = reports::find_own(app.db().reader(), viewer.id, id.of("Report")?).await?;
    Ok(Json(ReportView::of(report)))
}

/// Changes a report of one's own; automatic ones cannot be changed.
#[utoipa::path(
    put, path = "/api/v1/moderation/reports/{id}/", tag = "moderation", params(("id" = i64, Path)), request_body = ReportBody,
    responses(
        (status = 200, body = ReportView), (status = 400, description = "Messages by field"),
        (status = 403, description = "It is automatic"), (status = 404, description = "No such report of one's own"),
    )
)]
pub async fn replace(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    Body(report): Body<NewReport>,
) -> Result<Json<ReportView>, ApiError> {
    let change = ReportChange {
        target_type: Some(report.target_type),
        target_id: Some(report.target_id),
        reason: Some(report.reason),
    };
    let report = reports::change_own(&app, viewer.id, id.of("Report")?, &change).await?;
    Ok(Json(ReportView::of(report)))
}

/// The same for single fields; what is left out stays.
#[utoipa::path(
    patch, path = "/api/v1/moderation/reports/{id}/", tag = "moderation", params(("id" = i64, Path)), request_body = ReportBody,
    responses(
        (status = 200, body = ReportView), (status = 400, description = "Messages by field"),
        (status = 403, description = "It is automatic"), (status = 404, description = "No such report of one's own"),
    )
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    Body(change): Body<ReportChange>,
) -> Result<Json<ReportView>, ApiError> {
    let report = reports::change_own(&app, viewer.id, id.of("Report")?, &change).await?;
    Ok(Json(ReportView::of(report)))
}

/// Takes a report of one's own back.
#[utoipa::path(
    delete, path = "/api/v1/moderation/reports/{id}/", tag = "moderation", params(("id" = i64, Path)),
    responses(
        (status = 204, description = "Taken back"), (status = 403, description = "It is automatic"),
        (status = 404, description = "No such report of one's own"),
    )
)]
pub async fn withdraw(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    reports::withdraw(&app, viewer.id, id.of("Report")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
