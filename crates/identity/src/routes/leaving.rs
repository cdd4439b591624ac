//! The copy of one's own data, and the deletion of one's account.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, Origin, Timestamp, text},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    deletion::{self, Confirmation},
    exports::{self, State as Export},
    sessions::ClientInfo,
};

/// How far the copy of one's own data is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportAnswer {
    /// `none`, `pending` or `ready`.
    status: &'static str,
    #[schema(required = true)]
    requested_at: Option<Timestamp>,
    #[schema(required = true)]
    ready_at: Option<Timestamp>,
    /// When it is removed: a week after it was ready.
    #[schema(required = true)]
    expires_at: Option<Timestamp>,
    /// Where it is, for the same token.
    #[schema(required = true)]
    url: Option<String>,
}

impl ExportAnswer {
    fn of(export: Export, origin: &Origin) -> Json<Self> {
        let answer = |status, requested_at, ready_at: Option<_>| Self {
            status,
            requested_at: Option::map(requested_at, Timestamp),
            ready_at: ready_at.map(Timestamp),
            expires_at: ready_at.map(|ready_at| Timestamp(Export::expires_at(ready_at))),
            url: ready_at.map(|_| format!("{}/api/v1/me/export/download/", origin.base_url)),
        };
        Json(match export {
            Export::None => answer("none", None, None),
            Export::Pending { requested_at } => answer("pending", Some(requested_at), None),
            Export::Ready {
                requested_at,
                ready_at,
            } => answer("ready", Some(requested_at), Some(ready_at)),
        })
    }
}

/// Asks for a copy of everything that the instance knows of oneself; again within the hour changes nothing.
#[utoipa::path(post, path = "/api/v1/me/export/", tag = "users", responses((status = 202, body = ExportAnswer)))]
pub async fn request_export(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
) -> Result<(StatusCode, Json<ExportAnswer>), ApiError> {
    let export = exports::request(&app, viewer.id).await?;
    Ok((StatusCode::ACCEPTED, ExportAnswer::of(export, &origin)))
}

/// How far the copy is.
#[utoipa::path(get, path = "/api/v1/me/export/", tag = "users", responses((status = 200, body = ExportAnswer)))]
pub async fn read_export(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
) -> Result<Json<ExportAnswer>, ApiError> {
    let export = exports::state(app.db().reader(), viewer.id, app.clock().now()).await?;
    Ok(ExportAnswer::of(export, &origin))
}

/// The copy: a JSON object with a part per domain.
#[utoipa::path(
    get, path = "/api/v1/me/export/download/", tag = "users",
    responses((status = 200, body = Object), (status = 404, description = "There is none yet, or no more"))
)]
pub async fn download_export(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Response, ApiError> {
    let document = exports::document(&app, viewer.id)
        .await?
        .ok_or_else(|| ApiError::no_match("Export"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"selflink-export.json\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, document).into_response())
}

/// Who asks for a deletion proves to mean it.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct DeletionBody {
    /// The account's password.
    password: Option<String>,
    /// The account's handle, in place of the password, for accounts that have none.
    handle: Option<String>,
}

impl Input for Confirmation {
    fn read(fields: &mut Fields) -> Self {
        Self {
            password: fields.optional("password", text()),
            handle: fields.optional("handle", text()),
        }
    }
}

/// The answer to a deletion.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletionAnswer {
    message: &'static str,
}

/// Deletes one's account: it is out of use at once, and everything personal is removed within minutes. This cannot be
/// undone.
#[utoipa::path(
    post, path = "/api/v1/me/account/delete/", tag = "users", request_body = DeletionBody,
    responses((status = 202, body = DeletionAnswer), (status = 400, description = "The password or handle is not the account's"))
)]
pub async fn delete_account(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    client: ClientInfo,
    Body(confirmation): Body<Confirmation>,
) -> Result<(StatusCode, Json<DeletionAnswer>), ApiError> {
    deletion::request(&app, &viewer, &confirmation, &client).await?;
    let answer = DeletionAnswer {
        message: "Your account is being deleted.",
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
