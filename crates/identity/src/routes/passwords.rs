//! Changing one's password, and setting a new one by mail.

use axum::{Json, extract::State};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, email, text},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{passwords, sessions::ClientInfo};

/// Fewest characters of a password.
const SHORTEST: usize = 8;

/// What has happened, in a sentence.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageAnswer {
    message: &'static str,
}

impl MessageAnswer {
    pub fn of(message: &'static str) -> Json<Self> {
        Json(Self { message })
    }
}

/// A change of the password.
#[derive(Debug, ToSchema)]
pub struct PasswordChangeBody {
    current_password: String,
    #[schema(min_length = 8)]
    new_password: String,
}

impl Input for PasswordChangeBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            current_password: fields.required("current_password", text()),
            new_password: fields.required("new_password", text().min(SHORTEST)),
        }
    }
}

/// Changes one's own password. All other sessions end at once, and the owner is told by mail.
#[utoipa::path(
    post, path = "/api/v1/auth/password/change/", tag = "auth", request_body = PasswordChangeBody,
    responses(
        (status = 200, body = MessageAnswer), (status = 400, description = "Messages by field"),
        (status = 429, description = "Too many wrong passwords")
    )
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    client: ClientInfo,
    Body(body): Body<PasswordChangeBody>,
) -> Result<Json<MessageAnswer>, ApiError> {
    let words = (body.current_password.as_str(), body.new_password.as_str());
    passwords::change(&app, &viewer, words, &client).await?;
    Ok(MessageAnswer::of(
        "Password changed. Your other sessions were ended.",
    ))
}

/// An e-mail address.
#[derive(Debug, ToSchema)]
pub struct PasswordResetBody {
    #[schema(format = "email", max_length = 254)]
    email: String,
}

impl Input for PasswordResetBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            email: fields.required("email", email()),
        }
    }
}

/// Asks for a mail with which a new password can be set. The answer is the same whether or not an account has the address.
#[utoipa::path(
    post, path = "/api/v1/auth/password/reset/", tag = "auth", security(()), request_body = PasswordResetBody,
    responses(
        (status = 200, body = MessageAnswer), (status = 400, description = "Messages by field"),
        (status = 429, description = "Too many requests from this address")
    )
)]
pub async fn request_reset(
    State(app): State<App>,
    client: ClientInfo,
    Body(body): Body<PasswordResetBody>,
) -> Result<Json<MessageAnswer>, ApiError> {
    passwords::request_reset(&app, &body.email, &client).await?;
    Ok(MessageAnswer::of(
        "If an account has this address, a mail with further steps is on its way.",
    ))
}

/// A new password, and what allows it.
#[derive(Debug, ToSchema)]
pub struct PasswordResetConfirmBody {
    /// From the mail.
    token: String,
    #[schema(min_length = 8)]
    new_password: String,
}

impl Input for PasswordResetConfirmBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            token: fields.required("token", text()),
            new_password: fields.required("new_password", text().min(SHORTEST)),
        }
    }
}

/// Sets a new password with the token of a mail. All sessions end at once.
#[utoipa::path(
    post, path = "/api/v1/auth/password/reset/confirm/", tag = "auth", security(()), request_body = PasswordResetConfirmBody,
    responses((status = 200, body = MessageAnswer), (status = 400, description = "Messages by field"))
)]
pub async fn reset(
    State(app): State<App>,
    client: ClientInfo,
    Body(body): Body<PasswordResetConfirmBody>,
) -> Result<Json<MessageAnswer>, ApiError> {
    passwords::reset(&app, &body.token, &body.new_password, &client).await?;
    Ok(MessageAnswer::of("Password changed. Sign in with the new one."))
}
