//! The authenticator app, recovery codes, and the second step of a sign-in.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, json_object, text},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    auth::{SignInAnswer, SignInLimit},
    passkeys::PasskeyView,
};
use crate::{
    passwords,
    second_factor::{self, FactorError, Method, passkeys, recovery, totp},
    sessions::ClientInfo,
    sign_in::{self, PendingSignIn, SignInOutcome},
};

/// Longest code that is looked at, in characters.
pub const LONGEST_CODE: usize = 64;
/// Longest challenge that is looked at, in characters.
pub const LONGEST_CHALLENGE: usize = 128;

impl From<PendingSignIn> for ApiError {
    fn from(PendingSignIn { challenge, methods }: PendingSignIn) -> Self {
        let message = if methods.contains(&Method::Totp) {
            "Enter the code of your authenticator app."
        } else {
            "Confirm the sign-in with your passkey."
        };
        let methods: Vec<&str> = methods.into_iter().map(Method::name).collect();
        let body = [
            ("non_field_errors", json!([message])),
            ("code", json!("second_factor_required")),
            ("challenge", json!(challenge)),
            ("methods", json!(methods)),
        ];
        Self::fields(
            body.into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }
}

impl SignInAnswer {
    /// The answer to a sign-in that may need a second factor.
    pub(super) fn of_outcome(outcome: SignInOutcome, message: &'static str) -> Result<Json<Self>, ApiError> {
        match outcome {
            SignInOutcome::SignedIn(signed_in) => Ok(Self::of(*signed_in, message)),
            SignInOutcome::SecondFactor(pending) => Err(pending.into()),
        }
    }
}

/// What an account has on.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondFactorView {
    /// Whether an authenticator app is on.
    totp: bool,
    passkeys: Vec<PasskeyView>,
    recovery_codes_left: i64,
    /// Whether the account has the rights of staff only with a second factor.
    required: bool,
}

/// What second factors one has on.
#[utoipa::path(get, path = "/api/v1/auth/second-factor/", tag = "second factor", responses((status = 200, body = SecondFactorView)))]
pub async fn status(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<SecondFactorView>, ApiError> {
    let db = app.db().reader();
    let methods = second_factor::methods(db, viewer.id).await?;
    let known = passkeys::list(db, viewer.id).await?;
    Ok(Json(SecondFactorView {
        totp: methods.contains(&Method::Totp),
        passkeys: known.into_iter().map(PasskeyView::of).collect(),
        recovery_codes_left: recovery::count(db, viewer.id).await?,
        required: viewer.lacks_second_factor || viewer.is_staff && second_factor::is_required_of_staff(&app),
    }))
}

/// The password, for accounts that have one.
#[derive(ToSchema)]
pub struct PasswordBody {
    pub(super) password: Option<String>,
}

impl Input for PasswordBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            password: fields.optional("password", text()),
        }
    }
}

/// What an authenticator app needs.
#[derive(Serialize, ToSchema)]
pub struct EnrolmentView {
    /// In base32, to be typed.
    secret: String,
    /// The same as an `otpauth` URI, to be shown as a QR code.
    uri: String,
}

/// Makes a secret for an authenticator app, which is on once it has been confirmed within 15 minutes.
#[utoipa::path(
    post, path = "/api/v1/auth/totp/start/", tag = "second factor", request_body = PasswordBody,
    responses((status = 200, body = EnrolmentView), (status = 400, description = "The password is wrong, or an app is on already"))
)]
pub async fn start_totp(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    client: ClientInfo,
    Body(body): Body<PasswordBody>,
) -> Result<Json<EnrolmentView>, ApiError> {
    passwords::confirm(&app, &viewer, ("password", body.password.as_deref()), &client).await?;
    let totp::Enrolment { secret, uri } = totp::start(&app, viewer.id).await?;
    Ok(Json(EnrolmentView { secret, uri }))
}

/// A code of the authenticator app or, once that is on, a recovery code.
#[derive(ToSchema)]
pub struct CodeBody {
    #[schema(max_length = 64)]
    code: String,
}

impl Input for CodeBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            code: fields.required("code", text().max(LONGEST_CODE)),
        }
    }
}

/// Recovery codes, shown this once: each works once in place of the second factor.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodesView {
    recovery_codes: Vec<String>,
}

/// Switches the authenticator app on. Recovery codes that there were are replaced.
#[utoipa::path(
    post, path = "/api/v1/auth/totp/confirm/", tag = "second factor", request_body = CodeBody,
    responses((status = 200, body = RecoveryCodesView), (status = 400, description = "The code is wrong, or nothing was started"))
)]
pub async fn confirm_totp(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    Body(body): Body<CodeBody>,
) -> Result<Json<RecoveryCodesView>, ApiError> {
    let recovery_codes = totp::confirm(&app, viewer.id, &body.code).await?;
    Ok(Json(RecoveryCodesView { recovery_codes }))
}

/// The password, for accounts that have one, and a code.
#[derive(ToSchema)]
pub struct PasswordAndCodeBody {
    password: Option<String>,
    #[schema(max_length = 64)]
    code: String,
}

impl Input for PasswordAndCodeBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            password: fields.optional("password", text()),
            code: fields.required("code", text().max(LONGEST_CODE)),
        }
    }
}

/// Switches the authenticator app off. Recovery codes go with the last factor.
#[utoipa::path(
    delete, path = "/api/v1/auth/totp/", tag = "second factor", request_body = PasswordAndCodeBody,
    responses((status = 204, description = "Off"), (status = 400, description = "Password or code are wrong, or no app is on"))
)]
pub async fn remove_totp(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    client: ClientInfo,
    Body(body): Body<PasswordAndCodeBody>,
) -> Result<StatusCode, ApiError> {
    passwords::confirm(&app, &viewer, ("password", body.password.as_deref()), &client).await?;
    totp::remove(&app, viewer.id, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes new recovery codes; the old ones end.
#[utoipa::path(
    post, path = "/api/v1/auth/recovery-codes/", tag = "second factor", request_body = CodeBody,
    responses((status = 200, body = RecoveryCodesView), (status = 400, description = "The code is wrong"))
)]
pub async fn renew_recovery_codes(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    Body(body): Body<CodeBody>,
) -> Result<Json<RecoveryCodesView>, ApiError> {
    let recovery_codes = second_factor::renew_recovery_codes(&app, viewer.id, &body.code).await?;
    Ok(Json(RecoveryCodesView { recovery_codes }))
}

/// The answer to a challenge: one of `code` and `credential`.
#[derive(ToSchema)]
pub struct ChallengeAnswer {
    /// As the sign-in gave it.
    #[schema(max_length = 128)]
    challenge: String,
    /// A code of the authenticator app, or a recovery code.
    #[schema(max_length = 64)]
    code: Option<String>,
    /// What a passkey answered to the options of `auth/second-factor/passkey/`.
    #[schema(value_type = Option<Object>)]
    credential: Option<Map<String, Value>>,
}

impl Input for ChallengeAnswer {
    fn read(fields: &mut Fields) -> Self {
        Self {
            challenge: fields.required("challenge", text().max(LONGEST_CHALLENGE)),
            code: fields.optional("code", text().max(LONGEST_CODE)),
            credential: fields.optional("credential", json_object()),
        }
    }

    fn check(&self) -> Result<(), ApiError> {
        if self.code.is_none() && self.credential.is_none() {
            Err(ApiError::field("code", "This field is required."))
        } else {
            Ok(())
        }
    }
}

/// The second step of a sign-in.
#[utoipa::path(
    post, path = "/api/v1/auth/second-factor/", tag = "second factor", security(()), request_body = ChallengeAnswer,
    responses(
        (status = 200, body = SignInAnswer),
        (status = 400, description = "The code is wrong or used, or the challenge has expired: sign in again"),
        (status = 429, description = "Too many wrong codes; passkeys and recovery codes still work")
    )
)]
pub async fn answer(
    State(app): State<App>,
    _: SignInLimit,
    client: ClientInfo,
    Body(answer): Body<ChallengeAnswer>,
) -> Result<Json<SignInAnswer>, ApiError> {
    let challenge = &answer.challenge;
    let signed_in = match (answer.credential, &answer.code) {
        (Some(credential), _) => sign_in::answer_with_passkey(&app, challenge, credential, &client).await?,
        (None, Some(code)) => sign_in::answer_with_code(&app, challenge, code, &client).await?,
        (None, None) => return Err(FactorError::ChallengeOver.into()),
    };
    Ok(SignInAnswer::of(signed_in, "Login successful."))
}

/// The challenge of a sign-in.
#[derive(ToSchema)]
pub struct ChallengeBody {
    #[schema(max_length = 128)]
    challenge: String,
}

impl Input for ChallengeBody {
    fn read(fields: &mut Fields) -> Self {
        Self {
            challenge: fields.required("challenge", text().max(LONGEST_CHALLENGE)),
        }
    }
}

/// What to hand to `navigator.credentials`.
#[derive(Serialize, ToSchema)]
pub struct PasskeyOptions {
    /// `{"publicKey": …}`, binary values in base64url.
    #[schema(value_type = Object)]
    options: Value,
}

/// Asks for a passkey as the second step of a sign-in.
#[utoipa::path(
    post, path = "/api/v1/auth/second-factor/passkey/", tag = "second factor", security(()), request_body = ChallengeBody,
    responses(
        (status = 200, body = PasskeyOptions),
        (status = 400, description = "The challenge has expired: sign in again"),
        (status = 404, description = "The account has no passkey")
    )
)]
pub async fn ask_passkey(
    State(app): State<App>,
    _: SignInLimit,
    Body(body): Body<ChallengeBody>,
) -> Result<Json<PasskeyOptions>, ApiError> {
    let options = passkeys::ask(&app, &body.challenge).await?;
    Ok(Json(PasskeyOptions { options }))
}
