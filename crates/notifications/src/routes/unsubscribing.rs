//! `notifications/unsubscribe/{token}/`: ending mails by the link in them.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Html,
};
use platform::{App, http::ApiError, id::UserId};

use crate::unsubscribing::{self, Mails};

/// The end of a link; one that is no text is none of ours.
type Token = Result<Path<String>, PathRejection>;

/// Programs that look at links in mails open them: only the button, or the mail program itself, ends anything.
const QUESTION: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>SelfLink</title>\
    <body><p>Get no more mails of this kind from SelfLink?</p>\
    <form method=\"post\"><button>Get no more of them</button></form></body></html>";
const DONE: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>SelfLink</title>\
    <body><p>You will get no more mails of this kind. You can switch them on again in the settings of the app.</p>\
    </body></html>";

/// A page with a button that ends the mails. Opening it changes nothing.
#[utoipa::path(
    get, path = "/api/v1/notifications/unsubscribe/{token}/", tag = "notifications", security(()),
    params(("token" = String, Path)),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, description = "No link of ours"))
)]
pub async fn ask(State(app): State<App>, token: Token) -> Result<Html<&'static str>, ApiError> {
    opened(&app, token)?;
    Ok(Html(QUESTION))
}

/// Ends mails of the kind that the link was in; again changes nothing. Mail programs call it by themselves (RFC 8058).
#[utoipa::path(
    post, path = "/api/v1/notifications/unsubscribe/{token}/", tag = "notifications", security(()),
    params(("token" = String, Path)),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, description = "No link of ours"))
)]
pub async fn end(State(app): State<App>, token: Token) -> Result<Html<&'static str>, ApiError> {
    let (user, mails) = opened(&app, token)?;
    unsubscribing::end(&app, user, mails).await?;
    Ok(Html(DONE))
}

fn opened(app: &App, token: Token) -> Result<(UserId, Mails), ApiError> {
    let token = token.map_err(|_| ApiError::not_found())?;
    unsubscribing::open(app, &token).ok_or_else(ApiError::not_found)
}
