//! `moderation/admin/reports/`: everybody's reports, for moderators.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{ApiError, Body, Fields, Input, Paginated, Paging, Parameters, PathId, choice, text},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{enforcements::EnforcementDetail, reports::ReportView};
use crate::{
    context,
    entities::reports::{Model, Status},
    moderators::Moderator,
    reports::{self, Handling, ID, SORTABLE, sort_value},
    targets::Content,
};

/// Longest notes of a report, in characters.
pub const LONGEST_NOTES: usize = 4000;

/// A report, as moderators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandledReport)]
pub struct HandledReportView {
    #[serde(flatten)]
    report: ReportView,
    /// Who filed it; of automatic ones, the author.
    reporter: i64,
}

impl HandledReportView {
    fn of(report: Model) -> Self {
        Self {
            reporter: report.reporter_id.0,
            report: ReportView::of(report),
        }
    }
}

/// What moderators change.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct HandlingBody {
    status: Option<Status>,
    #[schema(max_length = 4000)]
    notes: Option<String>,
}

impl Input for Handling {
    fn read(fields: &mut Fields) -> Self {
        Self {
            status: fields.optional("status", choice()),
            notes: fields.optional("notes", text().max(LONGEST_NOTES).or_blank()),
        }
    }
}

/// The reports of everybody, newest first. For moderators.
#[utoipa::path(
    get, path = "/api/v1/moderation/admin/reports/", tag = "moderation",
    params(
        ("status" = Option<String>, Query, description = "Only those of this status"),
        ("target_type" = Option<String>, Query, description = "Only those about targets of this kind"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "`created_at` or `id`, `-` before it to descend"),
    ),
    responses(
        (status = 200, body = Paginated<HandledReportView>), (status = 403, description = "Not a moderator"),
        (status = 404, description = "Invalid cursor"),
    )
)]
pub async fn list(
    State(app): State<App>,
    _: Moderator,
    parameters: Parameters,
    paging: Paging,
) -> Result<Json<Paginated<HandledReportView>>, ApiError> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let wanted = reports::filter(parameters.get("status"), parameters.get("target_type"));
    let found = reports::page_of(app.db().reader(), wanted, &page).await?;
    Ok(Json(page.answer(found, sort_value).map(HandledReportView::of)))
}

/// A report. For moderators.
#[utoipa::path(
    get, path = "/api/v1/moderation/admin/reports/{id}/", tag = "moderation", params(("id" = i64, Path)),
    responses((status = 200, body = HandledReportView), (status = 404, description = "No such report"))
)]
pub async fn detail(
    State(app): State<App>,
    _: Moderator,
    id: PathId,
) -> Result<Json<HandledReportView>, ApiError> {
    let report = reports::find(app.db().reader(), id.of("Report")?).await?;
    Ok(Json(HandledReportView::of(report)))
}

/// Changes status and notes of a report; what is left out stays. For moderators.
#[utoipa::path(
    put, path = "/api/v1/moderation/admin/reports/{id}/", tag = "moderation", params(("id" = i64, Path)), request_body = HandlingBody,
    responses((status = 200, body = HandledReportView), (status = 400, description = "Messages by field"), (status = 404, description = "No such report"))
)]
pub async fn replace(
    State(app): State<App>,
    by: Moderator,
    id: PathId,
    Body(change): Body<Handling>,
) -> Result<Json<HandledReportView>, ApiError> {
    let report = reports::handle(&app, &by, id.of("Report")?, &change).await?;
    Ok(Json(HandledReportView::of(report)))
}

/// The same.
#[utoipa::path(
    patch, path = "/api/v1/moderation/admin/reports/{id}/", tag = "moderation", params(("id" = i64, Path)), request_body = HandlingBody,
    responses((status = 200, body = HandledReportView), (status = 400, description = "Messages by field"), (status = 404, description = "No such report"))
)]
pub async fn change(
    State(app): State<App>,
    by: Moderator,
    id: PathId,
    Body(change): Body<Handling>,
) -> Result<Json<HandledReportView>, ApiError> {
    let report = reports::handle(&app, &by, id.of("Report")?, &change).await?;
    Ok(Json(HandledReportView::of(report)))
}

/// Removes a report. For moderators.
#[utoipa::path(
    delete, path = "/api/v1/moderation/admin/reports/{id}/", tag = "moderation", params(("id" = i64, Path)),
    responses((status = 204, description = "Removed"), (status = 404, description = "No such report"))
)]
pub async fn remove(State(app): State<App>, by: Moderator, id: PathId) -> Result<StatusCode, ApiError> {
    reports::remove(&app, &by, id.of("Report")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What moderators should know before they decide.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportContext)]
pub struct ContextView {
    report: HandledReportView,
    /// Whether the list of banned words has made it.
    is_automatic: bool,
    /// The words when they were reported, up to 2,000 characters; blank where there are none.
    snapshot: String,
    /// The words now; null when they are gone, or of a kind that is not known here.
    #[schema(required = true)]
    content: Option<Content>,
    /// Whose the target is, if that is known.
    #[schema(required = true)]
    subject: Option<i64>,
    /// The latest reports about the same target, at most 50, this one among them.
    same_target: Vec<HandledReportView>,
    /// The latest decisions about the same account, at most 50.
    enforcements: Vec<EnforcementDetail>,
}

/// A report with what was reported, before and now, and what was decided about its author before. For moderators.
#[utoipa::path(
    get, path = "/api/v1/moderation/admin/reports/{id}/context/", tag = "moderation", params(("id" = i64, Path)),
    responses((status = 200, body = ContextView), (status = 404, description = "No such report"))
)]
pub async fn context(
    State(app): State<App>,
    _: Moderator,
    id: PathId,
) -> Result<Json<ContextView>, ApiError> {
    let context = context::of_report(&app, id.of("Report")?).await?;
    let now = app.clock().now();
    let enforcements = context.enforcements.into_iter();
    Ok(Json(ContextView {
        is_automatic: context.report.is_automatic,
        snapshot: context.report.snapshot.clone(),
        content: context.content,
        subject: context.subject.map(|user| user.0),
        same_target: context
            .same_target
            .into_iter()
            .map(HandledReportView::of)
            .collect(),
        enforcements: enforcements
            .map(|enforced| EnforcementDetail::of(enforced, now))
            .collect(),
        report: HandledReportView::of(context.report),
    }))
}
