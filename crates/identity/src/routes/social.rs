//! Sign-in through other providers, and the identities there that sign in to one's account.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
};
use platform::{
    App,
    config::Secret,
    http::{ApiError, Body, CurrentUser, Fields, Input, Timestamp, text},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{SignInAnswer, SignInLimit};
use crate::{
    entities::social_accounts,
    sessions::ClientInfo,
    social::{self, Credentials, Provider},
};

/// Longest token or code, in characters.
const LONGEST: usize = 8192;

/// The provider that a path names; 404 for others.
impl FromRequestParts<App> for Provider {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Path(name) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| ApiError::not_found())?;
        Self::called(&name).ok_or_else(ApiError::not_found)
    }
}

/// What the provider gave: one of `id_token` (Google's alone), `access_token` and `code`.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct SocialBody {
    #[schema(max_length = 8192)]
    id_token: Option<String>,
    #[schema(max_length = 8192)]
    access_token: Option<String>,
    #[schema(max_length = 8192)]
    code: Option<String>,
    /// Where the code was sent to, if not to the instance itself; the operator must have registered it.
    #[schema(max_length = 2000)]
    redirect_uri: Option<String>,
    /// Of a code that was asked for with PKCE.
    #[schema(max_length = 8192)]
    code_verifier: Option<String>,
}

impl Input for Credentials {
    fn read(fields: &mut Fields) -> Self {
        let mut sent = |name: &str, longest: usize| {
            fields
                .nullable(name, text().max(longest).or_blank())
                .flatten()
                .filter(|text| !text.is_empty())
        };
        Self {
            access_token: sent("access_token", LONGEST).map(Secret::new),
            code: sent("code", LONGEST).map(Secret::new),
            id_token: sent("id_token", LONGEST).map(Secret::new),
            redirect_uri: sent("redirect_uri", 2000),
            code_verifier: sent("code_verifier", LONGEST).map(Secret::new),
        }
    }
}

/// Signs in with what a provider gave; makes the account at the first time.
#[utoipa::path(
    post, path = "/api/v1/auth/social/{provider}/callback/", tag = "auth", security(()),
    params(("provider" = Provider, Path)), request_body = SocialBody,
    responses(
        (status = 200, body = SignInAnswer),
        (status = 400, description = "The provider refuses it, tells no verified address, or the address has an account"),
        (status = 503, description = "The provider cannot be asked, or is not set up here")
    )
)]
pub async fn callback(
    State(app): State<App>,
    provider: Provider,
    _: SignInLimit,
    client: ClientInfo,
    Body(credentials): Body<Credentials>,
) -> Result<Json<SignInAnswer>, ApiError> {
    let identity = social::identify(&app, provider, &credentials).await?;
    let outcome = social::sign_in(&app, &identity, &client).await?;
    SignInAnswer::of_outcome(outcome, "Social login successful.")
}

/// An identity at a provider that signs in to the account.
#[derive(Debug, Serialize, ToSchema)]
pub struct SocialLink {
    provider: Provider,
    /// The provider's own id of it.
    uid: String,
    /// Its public name there; blank where there are no such names.
    login: String,
    created_at: Timestamp,
}

impl From<social_accounts::Model> for SocialLink {
    fn from(row: social_accounts::Model) -> Self {
        Self {
            provider: row.provider,
            uid: row.uid,
            login: row.login,
            created_at: Timestamp(row.created_at),
        }
    }
}

/// The identities that sign in to one's account.
#[utoipa::path(get, path = "/api/v1/me/social/", tag = "auth", responses((status = 200, body = Vec<SocialLink>)))]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<Vec<SocialLink>>, ApiError> {
    let links = social::links(app.db().reader(), viewer.id).await?;
    Ok(Json(links.into_iter().map(SocialLink::from).collect()))
}

/// Lets an identity sign in to one's account; at most one of each provider.
#[utoipa::path(
    post, path = "/api/v1/me/social/{provider}/", tag = "auth",
    params(("provider" = Provider, Path)), request_body = SocialBody,
    responses(
        (status = 200, body = SocialLink),
        (status = 400, description = "The provider refuses it, or it belongs to another account"),
        (status = 503, description = "The provider cannot be asked, or is not set up here")
    )
)]
pub async fn link(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    provider: Provider,
    Body(credentials): Body<Credentials>,
) -> Result<Json<SocialLink>, ApiError> {
    let identity = social::identify(&app, provider, &credentials).await?;
    let row = social::link(&app, viewer.id, &identity).await?;
    Ok(Json(row.into()))
}

/// Ends that an identity signs in to one's account.
#[utoipa::path(
    delete, path = "/api/v1/me/social/{provider}/", tag = "auth", params(("provider" = Provider, Path)),
    responses(
        (status = 204),
        (status = 400, description = "Nothing else signs in to the account"),
        (status = 404, description = "There is none")
    )
)]
pub async fn unlink(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    provider: Provider,
) -> Result<StatusCode, ApiError> {
    social::unlink(&app, viewer.id, provider).await?;
    Ok(StatusCode::NO_CONTENT)
}
