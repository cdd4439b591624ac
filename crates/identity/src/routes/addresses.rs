//! Verifying one's e-mail address, and changing it.

use axum::{Json, extract::State};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, email, text},
};
use utoipa::ToSchema;

use super::passwords::MessageAnswer;
use crate::{addresses, sessions::ClientInfo};

/// The token of a mail.
#[derive(Debug, ToSchema)]
pub struct TokenBody {
    token: String,
}

impl Input for TokenBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            token: fields.required("token", text()),
        }
    }
}

/// Verifies an account's address with the token of a mail.
#[utoipa::path(
    post, path = "/api/v1/auth/email/verify/", tag = "auth", security(()), request_body = TokenBody,
    responses((status = 200, body = MessageAnswer), (status = 400, description = "Messages by field"))
)]
pub async fn verify(
    State(app): State<App>,
    Body(body): Body<TokenBody>,
) -> Result<Json<MessageAnswer>, ApiError> {
    addresses::verify(&app, &body.token).await?;
    Ok(MessageAnswer::of("E-mail address verified."))
}

/// Asks for another mail with which one's own address can be verified; nothing is sent when it is.
#[utoipa::path(
    post, path = "/api/v1/auth/email/verify/resend/", tag = "auth",
    responses((status = 200, body = MessageAnswer), (status = 429, description = "Too many mails asked for"))
)]
pub async fn resend(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<MessageAnswer>, ApiError> {
    addresses::request_verification(&app, &viewer).await?;
    Ok(MessageAnswer::of(
        "A mail is on its way unless your address is verified.",
    ))
}

/// A change of the address.
#[derive(Debug, ToSchema)]
pub struct EmailChangeBody {
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// The account's password.
    password: String,
}

impl Input for EmailChangeBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            email: fields.required("email", email()),
            password: fields.required("password", text()),
        }
    }
}

/// Asks to change one's own address: a mail goes to the new one, and a notice to the old one. The answer is the same
/// whether or not another account has the address.
#[utoipa::path(
    post, path = "/api/v1/auth/email/change/", tag = "auth", request_body = EmailChangeBody,
    responses(
        (status = 200, body = MessageAnswer), (status = 400, description = "Messages by field"),
        (status = 429, description = "Too many wrong passwords, or too many mails asked for")
    )
)]
pub async fn request_change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    client: ClientInfo,
    Body(body): Body<EmailChangeBody>,
) -> Result<Json<MessageAnswer>, ApiError> {
    let change = (body.email.as_str(), body.password.as_str());
    addresses::request_change(&app, &viewer, change, &client).await?;
    Ok(MessageAnswer::of(
        "A mail with further steps is on its way to the new address.",
    ))
}

/// Changes an account's address with the token of a mail to the new one.
#[utoipa::path(
    post, path = "/api/v1/auth/email/change/confirm/", tag = "auth", security(()), request_body = TokenBody,
    responses((status = 200, body = MessageAnswer), (status = 400, description = "Messages by field"))
)]
pub async fn change(
    State(app): State<App>,
    Body(body): Body<TokenBody>,
) -> Result<Json<MessageAnswer>, ApiError> {
    addresses::change(&app, &body.token).await?;
    Ok(MessageAnswer::of("E-mail address changed."))
}
