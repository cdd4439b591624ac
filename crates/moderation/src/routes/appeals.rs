//! `moderation/appeals/`: appeals against decisions, and how moderators decide them.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{
        ApiError, Body, Fields, Input, MaybeUser, Paginated, Paging, Parameters, PathId, Timestamp,
        VerifiedUser, choice, integer, text,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    appeals::{self, Decision, ID, NewAppeal, SORTABLE, sort_value},
    entities::appeals::{AppealStatus, Model},
    moderators::Moderator,
};

/// Longest text of an appeal or of what is said to it, in characters.
const LONGEST: usize = 4000;
/// Longest token that is looked at, in characters.
const LONGEST_TOKEN: usize = 128;

/// An appeal, as whoever filed it sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Appeal)]
pub struct AppealView {
    id: i64,
    /// Against which decision.
    enforcement: i64,
    text: String,
    status: AppealStatus,
    /// What moderators say to it.
    note: String,
    #[schema(required = true)]
    decided_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl AppealView {
    fn of(appeal: Model) -> Self {
        Self {
            id: appeal.id,
            enforcement: appeal.enforcement_id,
            text: appeal.text,
            status: appeal.status,
            note: appeal.note,
            decided_at: appeal.decided_at.map(Timestamp),
            created_at: Timestamp(appeal.created_at),
        }
    }
}

/// An appeal, as moderators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandledAppeal)]
pub struct HandledAppealView {
    #[serde(flatten)]
    appeal: AppealView,
    /// Who filed it.
    user: i64,
    #[schema(required = true)]
    decided_by: Option<i64>,
}

impl HandledAppealView {
    fn of(appeal: Model) -> Self {
        Self {
            user: appeal.user_id.0,
            decided_by: appeal.decided_by.map(|user| user.0),
            appeal: AppealView::of(appeal),
        }
    }
}

/// An appeal.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct AppealBody {
    /// The decision.
    enforcement: i64,
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
    /// From the mail, for those who cannot sign in.
    token: Option<String>,
}

impl Input for NewAppeal {
    fn read(fields: &mut Fields) -> Self {
        Self {
            enforcement: fields.required("enforcement", integer()),
            text: fields.required("text", text().max(LONGEST)),
            token: fields
                .optional("token", text().max(LONGEST_TOKEN).or_blank())
                .filter(|token| !token.is_empty()),
        }
    }
}

/// One's own appeals, newest first.
#[utoipa::path(
    get, path = "/api/v1/moderation/appeals/", tag = "moderation",
    params(
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
    ),
    responses((status = 200, body = Paginated<AppealView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    VerifiedUser(viewer): VerifiedUser,
    paging: Paging,
) -> Result<Json<Paginated<AppealView>>, ApiError> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let found = appeals::page_of(app.db().reader(), appeals::of_user(viewer.id), &page).await?;
    Ok(Json(page.answer(found, sort_value).map(AppealView::of)))
}

/// Appeals against a decision about oneself: signed in, or with the token of the mail that told of it. One appeal waits at a
/// time.
#[utoipa::path(
    post, path = "/api/v1/moderation/appeals/", tag = "moderation", request_body = AppealBody, security(()),
    responses(
        (status = 201, body = AppealView), (status = 400, description = "Messages by field"),
        (status = 401, description = "Neither signed in nor a token")
    )
)]
pub async fn file(
    State(app): State<App>,
    MaybeUser(viewer): MaybeUser,
    Body(appeal): Body<NewAppeal>,
) -> Result<(StatusCode, Json<AppealView>), ApiError> {
    if viewer.is_none() && appeal.token.is_none() {
        return Err(ApiError::not_authenticated());
    }
    let filed = appeals::file(&app, viewer.as_ref(), &appeal).await?;
    Ok((StatusCode::CREATED, Json(AppealView::of(filed))))
}

/// The appeals of everybody, newest first. For moderators.
#[utoipa::path(
    get, path = "/api/v1/moderation/admin/appeals/", tag = "moderation",
    params(
        ("status" = Option<String>, Query, description = "Only those of this status"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "`created_at` or `id`, `-` before it to descend"),
    ),
    responses(
        (status = 200, body = Paginated<HandledAppealView>), (status = 403, description = "Not a moderator"),
        (status = 404, description = "Invalid cursor"),
    )
)]
pub async fn list_all(
    State(app): State<App>,
    _: Moderator,
    parameters: Parameters,
    paging: Paging,
) -> Result<Json<Paginated<HandledAppealView>>, ApiError> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let wanted = appeals::filter(parameters.get("status"));
    let found = appeals::page_of(app.db().reader(), wanted, &page).await?;
    Ok(Json(page.answer(found, sort_value).map(HandledAppealView::of)))
}

/// What becomes of an appeal.
#[derive(ToSchema)]
pub struct DecisionBody {
    /// `uphold`: the decision stays; `lift`: it is lifted.
    #[schema(value_type = String)]
    decision: Decision,
    /// What the person is told.
    #[schema(max_length = 4000)]
    note: String,
}

impl Input for DecisionBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            decision: fields.required("decision", choice()),
            note: fields
                .optional("note", text().max(LONGEST).or_blank())
                .unwrap_or_default(),
        }
    }
}

/// Decides an appeal. For moderators other than the one who decided first, and superusers.
#[utoipa::path(
    post, path = "/api/v1/moderation/admin/appeals/{id}/decide/", tag = "moderation", params(("id" = i64, Path)),
    request_body = DecisionBody,
    responses(
        (status = 200, body = HandledAppealView), (status = 400, description = "Messages by field, or it was decided before"),
        (status = 403, description = "Not a moderator, or one's own decision or case"), (status = 404, description = "No such appeal")
    )
)]
pub async fn decide(
    State(app): State<App>,
    by: Moderator,
    id: PathId,
    Body(body): Body<DecisionBody>,
) -> Result<Json<HandledAppealView>, ApiError> {
    let decided = appeals::decide(&app, &by, id.of("Appeal")?, body.decision, &body.note).await?;
    Ok(Json(HandledAppealView::of(decided)))
}
