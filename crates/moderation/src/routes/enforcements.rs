//! `moderation/enforcements/`: decisions, for staff to read; and how moderators make and lift them.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use platform::{
    App,
    http::{
        ApiError, Body, Fields, Input, Paginated, Paging, PathId, Timestamp, choice, integer, text, timestamp,
    },
};
use sea_orm::Condition;
use serde::Serialize;
use utoipa::ToSchema;

use super::reports::LONGEST_REASON;
use crate::{
    enforcements::{self, ID, NewEnforcement, SORTABLE, Verdict, sort_value},
    entities::{
        enforcements::{Action, Model},
        reports::Target,
    },
    moderators::Moderator,
};

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Enforcement)]
pub struct EnforcementView {
    id: i64,
    target_type: Target,
    target_id: i64,
    action: Action,
    reason: String,
    /// Null: until it is lifted.
    #[schema(required = true)]
    expires_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl EnforcementView {
    fn of(enforced: Model) -> Self {
        Self {
            id: enforced.id,
            target_type: enforced.target_type,
            target_id: enforced.target_id,
            action: enforced.action,
            reason: enforced.reason,
            expires_at: enforced.expires_at.map(Timestamp),
            created_at: Timestamp(enforced.created_at),
        }
    }
}

/// A decision with what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnforcementDetail)]
pub struct EnforcementDetail {
    #[serde(flatten)]
    enforcement: EnforcementView,
    /// The account that it concerns.
    user: i64,
    /// The report that led to it.
    #[schema(required = true)]
    report: Option<i64>,
    /// Null: an operator, or somebody whose account is gone.
    #[schema(required = true)]
    enforced_by: Option<i64>,
    #[schema(required = true)]
    lifted_at: Option<Timestamp>,
    #[schema(required = true)]
    lifted_by: Option<i64>,
    is_in_force: bool,
}

impl EnforcementDetail {
    pub fn of(enforced: Model, now: DateTime<Utc>) -> Self {
        Self {
            user: enforced.user_id.0,
            report: enforced.report_id,
            enforced_by: enforced.enforced_by.map(|user| user.0),
            lifted_at: enforced.lifted_at.map(Timestamp),
            lifted_by: enforced.lifted_by.map(|user| user.0),
            is_in_force: enforced.is_in_force(now),
            enforcement: EnforcementView::of(enforced),
        }
    }
}

/// The decisions, newest first. For staff.
#[utoipa::path(
    get, path = "/api/v1/moderation/enforcements/", tag = "moderation",
    params(
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
    ),
    responses((status = 200, body = Paginated<EnforcementView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    paging: Paging,
) -> Result<Json<Paginated<EnforcementView>>, ApiError> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let found = enforcements::page_of(app.db().reader(), Condition::all(), &page).await?;
    Ok(Json(page.answer(found, sort_value).map(EnforcementView::of)))
}

/// A decision. For staff.
#[utoipa::path(
    get, path = "/api/v1/moderation/enforcements/{id}/", tag = "moderation", params(("id" = i64, Path)),
    responses((status = 200, body = EnforcementView), (status = 404, description = "No such decision"))
)]
pub async fn detail(State(app): State<App>, id: PathId) -> Result<Json<EnforcementView>, ApiError> {
    let enforced = enforcements::find(app.db().reader(), id.of("Enforcement")?).await?;
    Ok(Json(EnforcementView::of(enforced)))
}

/// What is decided about the target of a report.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct VerdictBody {
    action: Action,
    #[schema(min_length = 1, max_length = 255)]
    reason: String,
    /// Of a suspension or a restriction. Null or missing: until it is lifted.
    expires_at: Option<DateTime<Utc>>,
}

impl Input for Verdict {
    fn read(fields: &mut Fields) -> Self {
        Self {
            action: fields.required("action", choice()),
            reason: fields.required("reason", text().max(LONGEST_REASON)),
            expires_at: fields.nullable("expires_at", timestamp()).flatten(),
        }
    }
}

/// Decides about the target of a report, and closes what waits about it. A suspension, ban or restriction is about the author
/// of reported words. For moderators; only superusers act against staff.
#[utoipa::path(
    post, path = "/api/v1/moderation/admin/reports/{id}/enforce/", tag = "moderation", params(("id" = i64, Path)),
    request_body = VerdictBody,
    responses(
        (status = 201, body = EnforcementDetail), (status = 400, description = "Messages by field"),
        (status = 403, description = "Not a moderator, or not against this account"), (status = 404, description = "No such report")
    )
)]
pub async fn enforce_report(
    State(app): State<App>,
    by: Moderator,
    id: PathId,
    Body(verdict): Body<Verdict>,
) -> Result<(StatusCode, Json<EnforcementDetail>), ApiError> {
    let enforced = enforcements::enforce_report(&app, &by, id.of("Report")?, &verdict).await?;
    let detail = EnforcementDetail::of(enforced, app.clock().now());
    Ok((StatusCode::CREATED, Json(detail)))
}

/// A decision to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct EnforcementBody {
    target_type: Target,
    target_id: i64,
    action: Action,
    #[schema(min_length = 1, max_length = 255)]
    reason: String,
    /// Of a suspension or a restriction. Null or missing: until it is lifted.
    expires_at: Option<DateTime<Utc>>,
}

impl Input for NewEnforcement {
    fn read(fields: &mut Fields) -> Self {
        let Verdict {
            action,
            reason,
            expires_at,
        } = Verdict::read(fields);
        Self {
            target_type: fields.required("target_type", choice()),
            target_id: fields.required("target_id", integer()),
            action,
            reason,
            expires_at,
        }
    }
}

/// Decides about an account, a post or a comment. For moderators; only superusers act against staff.
#[utoipa::path(
    post, path = "/api/v1/moderation/admin/enforce/", tag = "moderation", request_body = EnforcementBody,
    responses(
        (status = 201, body = EnforcementDetail), (status = 400, description = "Messages by field"),
        (status = 403, description = "Not a moderator, or not against this account"),
    )
)]
pub async fn enforce(
    State(app): State<App>,
    by: Moderator,
    Body(new): Body<NewEnforcement>,
) -> Result<(StatusCode, Json<EnforcementDetail>), ApiError> {
    let enforced = enforcements::enforce(&app, &by, &new).await?;
    let detail = EnforcementDetail::of(enforced, app.clock().now());
    Ok((StatusCode::CREATED, Json(detail)))
}

/// Lifts a decision; an appeal that waits is granted with it. For moderators.
#[utoipa::path(
    post, path = "/api/v1/moderation/admin/enforcements/{id}/lift/", tag = "moderation", params(("id" = i64, Path)),
    responses(
        (status = 200, body = EnforcementDetail), (status = 400, description = "It is no longer in force"),
        (status = 403, description = "Not a moderator, or about one's own account"), (status = 404, description = "No such decision")
    )
)]
pub async fn lift(
    State(app): State<App>,
    by: Moderator,
    id: PathId,
) -> Result<Json<EnforcementDetail>, ApiError> {
    let lifted = enforcements::lift(&app, &by, id.of("Enforcement")?).await?;
    Ok(Json(EnforcementDetail::of(lifted, app.clock().now())))
}
