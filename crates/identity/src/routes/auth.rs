//! Registration, sign-in, token refresh.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use platform::{
    App,
    http::{ApiError, Body, Fields, Input, Origin, email, text},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    accounts::{self, Registration, SignedIn},
    attempts,
    errors::AccountError,
    handles,
    routes::second_factor::LONGEST_CODE,
    sessions::{self, ClientInfo},
    settings::SignInSettings,
    sign_in,
    users::UserView,
};

/// Seconds of the window that sign-in requests are counted in.
const WINDOW: i64 = 1;

/// The limit of sign-in requests per address, checked before the body is looked at.
pub struct SignInLimit;

impl FromRequestParts<App> for SignInLimit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let address = Origin::from_request_parts(parts, app).await?.claimed_address;
        let limit = app
            .settings::<SignInSettings>()
            .map_or(0, |settings| settings.per_address);
        if app
            .within_rate_limit(&format!("auth:ip:{address}"), limit, WINDOW)
            .await
        {
            Ok(Self)
        } else {
            Err(ApiError::rate_limited(WINDOW))
        }
    }
}

/// A signed-in account with its tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignInAnswer {
    /// Access token, for `Authorization: Bearer`.
    token: String,
    /// Refresh token, for `auth/refresh/`.
    #[serde(rename = "refreshToken")]
    refresh_token: String,
    user: UserView,
    message: &'static str,
}

impl SignInAnswer {
    /// The answer with a message.
    pub fn of(signed_in: SignedIn, message: &'static str) -> Json<Self> {
        let SignedIn { tokens, user } = signed_in;
        Json(Self {
            token: tokens.access,
            refresh_token: tokens.refresh,
            user: user.view(),
            message,
        })
    }
}

/// A registration.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct RegisterBody {
    #[schema(format = "email", max_length = 254)]
    email: String,
    #[schema(min_length = 8)]
    password: String,
    /// This or `fullName` is required.
    #[schema(max_length = 120)]
    name: Option<String>,
    /// Used when `name` is blank or missing.
    #[serde(rename = "fullName")]
    full_name: Option<String>,
    /// Made from name and address when blank or missing.
    #[schema(max_length = 30)]
    handle: Option<String>,
}

impl Input for Registration {
    fn read(fields: &mut Fields) -> Self {
        let name = fields
            .optional("name", text().max(120).or_blank())
            .unwrap_or_default();
        let full_name = fields
            .optional("fullName", text().max(120).or_blank())
            .unwrap_or_default();
        Self {
            email: fields.required("email", email()),
            password: fields.required("password", text().min(8)),
            name: if name.is_empty() { full_name } else { name },
            handle: fields
                .optional("handle", text().max(handles::LONGEST).or_blank())
                .unwrap_or_default(),
            email_is_verified: false,
        }
    }

    async fn look_up(&self, app: &App, fields: &mut Fields) -> Result<(), ApiError> {
        if !self.email.is_empty() && accounts::email_is_taken(app.db().reader(), &self.email).await? {
            fields.refuse::<()>("email", &AccountError::EmailTaken.to_string());
        }
        if !self.handle.is_empty()
            && let Some(problem) = accounts::handle_problem(app.db().reader(), &self.handle).await?
        {
            fields.refuse::<()>("handle", &problem.to_string());
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ApiError> {
        if self.name.is_empty() {
            Err(ApiError::field("fullName", "Please provide your full name."))
        } else {
            Ok(())
        }
    }
}

/// Makes an account and signs it in.
#[utoipa::path(
    post, path = "/api/v1/auth/register/", tag = "auth", security(()), request_body = RegisterBody,
    responses((status = 201, body = SignInAnswer), (status = 400, description = "Messages by field"))
)]
pub async fn register(
    State(app): State<App>,
    _: SignInLimit,
    client: ClientInfo,
    Body(registration): Body<Registration>,
) -> Result<(StatusCode, Json<SignInAnswer>), ApiError> {
    let signed_in = accounts::register(&app, &registration, &client).await?;
    Ok((
        StatusCode::CREATED,
        SignInAnswer::of(signed_in, "Registration successful."),
    ))
}

/// A sign-in.
#[derive(ToSchema)]
pub struct Credentials {
    #[schema(format = "email")]
    email: String,
    password: String,
    /// Where a second factor is on: a code of the authenticator app, or a recovery code.
    #[schema(max_length = 64)]
    otp: Option<String>,
}

impl Input for Credentials {
    fn read(fields: &mut Fields) -> Self {
        Self {
            email: fields.required("email", email()),
            password: fields.required("password", text()),
            otp: fields
                .optional("otp", text().max(LONGEST_CODE).or_blank())
                .filter(|code| !code.is_empty()),
        }
    }
}

/// Signs in. Where a second factor is on and `otp` is missing, the answer is 400 with a `challenge` for
/// `auth/second-factor/`.
#[utoipa::path(
    post, path = "/api/v1/auth/login/", tag = "auth", security(()), request_body = Credentials,
    responses(
        (status = 200, body = SignInAnswer), (status = 400, description = "Invalid credentials, or the second factor is needed"),
        (status = 429, description = "Too many wrong passwords")
    )
)]
pub async fn login(
    State(app): State<App>,
    _: SignInLimit,
    client: ClientInfo,
    Body(credentials): Body<Credentials>,
) -> Result<Json<SignInAnswer>, ApiError> {
    let Credentials { email, password, otp } = &credentials;
    let attempt = attempts::begin(&app, email, &client).await?;
    let outcome = sign_in::with_password(&app, (email, password), otp.as_deref(), &client).await;
    attempt.settle(&outcome).await;
    SignInAnswer::of_outcome(outcome?, "Login successful.")
}

/// A refresh token.
#[derive(Debug, ToSchema)]
pub struct RefreshBody {
    refresh: String,
}

impl Input for RefreshBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            refresh: fields.required("refresh", text()),
        }
    }
}

/// A new pair of tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefreshAnswer {
    token: String,
    #[serde(rename = "refreshToken")]
    refresh_token: String,
    message: &'static str,
}

/// Exchanges a refresh token for a new pair; the one presented cannot be used again.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh/", tag = "auth", security(()), request_body = RefreshBody,
    responses((status = 200, body = RefreshAnswer), (status = 401, description = "The token is invalid, expired or used"))
)]
pub async fn refresh(
    State(app): State<App>,
    client: ClientInfo,
    Body(body): Body<RefreshBody>,
) -> Result<Json<RefreshAnswer>, ApiError> {
    let pair = sessions::refresh(&app, &body.refresh, &client).await?;
    Ok(Json(RefreshAnswer {
        token: pair.access,
        refresh_token: pair.refresh,
        message: "Token refreshed.",
    }))
}
