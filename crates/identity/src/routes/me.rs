//! `users/me/`: one's own account.

use axum::{Json, extract::State};
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, Input, VerifiedUser, boolean, date, json_object, text, time, url,
    },
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    profiles::{self, ProfileChange, SettingsChange},
    users::{self, UserView},
};

/// One's own account.
#[utoipa::path(get, path = "/api/v1/users/me/", tag = "users", responses((status = 200, body = UserView)))]
pub async fn read(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<UserView>, ApiError> {
    let user = users::own(app.db().reader(), viewer.id)
        .await?
        .ok_or_else(|| ApiError::no_match("User"))?;
    Ok(Json(user.view()))
}

/// What may be changed; what is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct ProfileBody {
    #[schema(min_length = 1, max_length = 120)]
    name: Option<String>,
    bio: Option<String>,
    /// An http, https or ftp URL, or blank.
    #[schema(max_length = 200)]
    photo: Option<String>,
    #[schema(format = "date")]
    birth_date: Option<String>,
    /// `HH:MM[:SS[.ffffff]]` or null.
    birth_time: Option<String>,
    #[schema(max_length = 255)]
    birth_place: Option<String>,
    #[schema(min_length = 1, max_length = 32)]
    locale: Option<String>,
    settings: Option<SettingsBody>,
}

/// Settings that may be changed; what is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct SettingsBody {
    #[schema(min_length = 1, max_length = 32)]
    privacy: Option<String>,
    #[schema(min_length = 1, max_length = 32)]
    dm_policy: Option<String>,
    #[schema(min_length = 1, max_length = 32)]
    language: Option<String>,
    /// `{"start": "HH:MM", "end": "HH:MM"}` or empty.
    #[schema(value_type = Option<Object>)]
    quiet_hours: Option<Value>,
    push_enabled: Option<bool>,
    email_enabled: Option<bool>,
    digest_enabled: Option<bool>,
}

impl Input for ProfileChange {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.optional("name", text().max(120)),
            bio: fields.optional("bio", text().or_blank()),
            photo: fields.optional("photo", url().max(200).or_blank()),
            birth_date: fields.nullable("birth_date", date()),
            birth_time: fields.nullable("birth_time", time()),
            birth_place: fields.optional("birth_place", text().max(255).or_blank()),
            locale: fields.optional("locale", text().max(32)),
            settings: fields.nested("settings", |settings| SettingsChange {
                privacy: settings.optional("privacy", text().max(32)),
                dm_policy: settings.optional("dm_policy", text().max(32)),
                language: settings.optional("language", text().max(32)),
                quiet_hours: settings.optional("quiet_hours", json_object()),
                push_enabled: settings.optional("push_enabled", boolean()),
                email_enabled: settings.optional("email_enabled", boolean()),
                digest_enabled: settings.optional("digest_enabled", boolean()),
            }),
        }
    }
}

/// Changes profile and settings, all or nothing.
#[utoipa::path(
    patch, path = "/api/v1/users/me/", tag = "users", request_body = ProfileBody,
    responses((status = 200, body = UserView), (status = 400, description = "Messages by field"))
)]
pub async fn change(
    State(app): State<App>,
    VerifiedUser(viewer): VerifiedUser,
    Body(change): Body<ProfileChange>,
) -> Result<Json<UserView>, ApiError> {
    let user = profiles::change(&app, viewer.id, &change).await?;
    Ok(Json(user.view()))
}

/// What others pay this account by.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecipientId {
    account_key: String,
}

/// What others pay one by.
#[utoipa::path(get, path = "/api/v1/users/me/recipient-id/", tag = "users", responses((status = 200, body = RecipientId)))]
pub async fn recipient_id(CurrentUser(viewer): CurrentUser) -> Json<RecipientId> {
    Json(RecipientId {
        account_key: format!("user:{}", viewer.id),
    })
}
