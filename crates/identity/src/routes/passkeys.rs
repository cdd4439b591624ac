//! Passkeys: registering and removing one's own, and signing in with one.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, PathId, Timestamp, json_object, text},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    auth::{SignInAnswer, SignInLimit},
    second_factor::{LONGEST_CHALLENGE, PasswordBody},
};
use crate::{
    entities, passwords,
    second_factor::passkeys::{self, Ceremony},
    sessions::ClientInfo,
    sign_in,
};

/// Longest name of a passkey, in characters.
const LONGEST_NAME: usize = 64;

/// A passkey.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Passkey)]
pub struct PasskeyView {
    id: i64,
    /// What its owner calls it.
    name: String,
    created_at: Timestamp,
    /// When somebody last signed in with it.
    last_used_at: Option<Timestamp>,
}

impl PasskeyView {
    pub(super) fn of(row: entities::passkeys::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            created_at: Timestamp(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp),
        }
    }
}

/// Something to be done with a passkey, within five minutes.
#[derive(Serialize, ToSchema)]
pub struct CeremonyView {
    /// What the answer must name.
    challenge_id: String,
    /// What to hand to `navigator.credentials`: `{"publicKey": …}`, binary values in base64url.
    #[schema(value_type = Object)]
    options: Value,
}

impl CeremonyView {
    fn of(ceremony: Ceremony) -> Json<Self> {
        let Ceremony {
            challenge_id,
            options,
        } = ceremony;
        Json(Self {
            challenge_id,
            options,
        })
    }
}

/// Begins the registration of a passkey; at most 20 per account.
#[utoipa::path(
    post, path = "/api/v1/auth/passkeys/register/start/", tag = "second factor", request_body = PasswordBody,
    responses((status = 200, body = CeremonyView), (status = 400, description = "The password is wrong, or there are too many passkeys"))
)]
pub async fn start_registration(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    client: ClientInfo,
    Body(body): Body<PasswordBody>,
) -> Result<Json<CeremonyView>, ApiError> {
    passwords::confirm(&app, &viewer, ("password", body.password.as_deref()), &client).await?;
    Ok(CeremonyView::of(
        passkeys::start_registration(&app, viewer.id).await?,
    ))
}

/// What the new passkey answered.
#[derive(ToSchema)]
pub struct NewPasskey {
    #[schema(max_length = 128)]
    challenge_id: String,
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// What `navigator.credentials.create` gave, binary values in base64url.
    #[schema(value_type = Object)]
    credential: Map<String, Value>,
}

impl Input for NewPasskey {
    fn read(fields: &mut Fields) -> Self {
        Self {
            challenge_id: fields.required("challenge_id", text().max(LONGEST_CHALLENGE)),
            name: fields.required("name", text().max(LONGEST_NAME)),
            credential: fields.required("credential", json_object()),
        }
    }
}

/// A new passkey.
#[derive(Serialize, ToSchema)]
pub struct NewPasskeyView {
    #[serde(flatten)]
    passkey: PasskeyView,
    /// Shown this once, and only with the first factor of the account: each works once in place of the second factor.
    recovery_codes: Vec<String>,
}

/// Keeps a new passkey.
#[utoipa::path(
    post, path = "/api/v1/auth/passkeys/register/finish/", tag = "second factor", request_body = NewPasskey,
    responses((status = 201, body = NewPasskeyView), (status = 400, description = "The passkey was not accepted, or it was too late"))
)]
pub async fn finish_registration(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    Body(body): Body<NewPasskey>,
) -> Result<(StatusCode, Json<NewPasskeyView>), ApiError> {
    let NewPasskey {
        challenge_id,
        name,
        credential,
    } = body;
    let (passkey, recovery_codes) =
        passkeys::finish_registration(&app, viewer.id, &challenge_id, &name, credential).await?;
    let view = NewPasskeyView {
        passkey: PasskeyView::of(passkey),
        recovery_codes,
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Removes one of one's own passkeys.
#[utoipa::path(
    delete, path = "/api/v1/auth/passkeys/{id}/", tag = "second factor", params(("id" = i64, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 400, description = "It is the only way to sign in"),
        (status = 404, description = "No such passkey")
    )
)]
pub async fn remove(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    passkeys::remove(&app, viewer.id, id.of("Passkey")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins a sign-in with a passkey, without a user name.
#[utoipa::path(
    post, path = "/api/v1/auth/passkeys/sign-in/start/", tag = "second factor", security(()),
    responses((status = 200, body = CeremonyView))
)]
pub async fn start_sign_in(State(app): State<App>, _: SignInLimit) -> Result<Json<CeremonyView>, ApiError> {
    Ok(CeremonyView::of(passkeys::start_sign_in(&app).await?))
}

/// What a passkey answered.
#[derive(ToSchema)]
pub struct PasskeyAnswer {
    #[schema(max_length = 128)]
    challenge_id: String,
    /// What `navigator.credentials.get` gave, binary values in base64url.
    #[schema(value_type = Object)]
    credential: Map<String, Value>,
}

impl Input for PasskeyAnswer {
    fn read(fields: &mut Fields) -> Self {
        Self {
            challenge_id: fields.required("challenge_id", text().max(LONGEST_CHALLENGE)),
            credential: fields.required("credential", json_object()),
        }
    }
}

/// Signs in with a passkey; no further factor is asked for.
#[utoipa::path(
    post, path = "/api/v1/auth/passkeys/sign-in/finish/", tag = "second factor", security(()), request_body = PasskeyAnswer,
    responses((status = 200, body = SignInAnswer), (status = 400, description = "The passkey was not accepted, or it was too late"))
)]
pub async fn finish_sign_in(
    State(app): State<App>,
    _: SignInLimit,
    client: ClientInfo,
    Body(body): Body<PasskeyAnswer>,
) -> Result<Json<SignInAnswer>, ApiError> {
    let signed_in = sign_in::with_passkey(&app, &body.challenge_id, body.credential, &client).await?;
    Ok(SignInAnswer::of(signed_in, "Login successful."))
}
