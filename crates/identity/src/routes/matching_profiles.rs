//! `profile/me/`: one's own matching profile.

use axum::{Json, extract::State, http::StatusCode};
use chrono::NaiveDate;
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, Input, TimeOfDay, choice, date, number, text, text_list, time,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    entities::matching_profiles::{AttachmentStyle, Gender, Model, Orientation, RelationshipGoal, Words},
    matching_profiles::{self, MatchingChange},
};

/// Most words of a list.
const MOST_WORDS: usize = 32;

/// A matching profile.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchingProfile)]
pub struct MatchingView {
    gender: Gender,
    orientation: Orientation,
    relationship_goal: RelationshipGoal,
    #[schema(value_type = Vec<String>)]
    values: Words,
    #[schema(value_type = Vec<String>)]
    preferred_lifestyle: Words,
    attachment_style: AttachmentStyle,
    #[schema(value_type = Vec<String>)]
    love_language: Words,
    #[schema(required = true, value_type = Option<String>, format = "date")]
    birth_date: Option<NaiveDate>,
    #[schema(required = true)]
    birth_time: Option<TimeOfDay>,
    birth_city: String,
    birth_country: String,
    birth_timezone: String,
    /// In degrees, north positive.
    #[schema(required = true)]
    birth_latitude: Option<f64>,
    /// In degrees, east positive.
    #[schema(required = true)]
    birth_longitude: Option<f64>,
}

impl MatchingView {
    fn of(profile: Model) -> Self {
        Self {
            gender: profile.gender,
            orientation: profile.orientation,
            relationship_goal: profile.relationship_goal,
            values: profile.core_values,
            preferred_lifestyle: profile.preferred_lifestyle,
            attachment_style: profile.attachment_style,
            love_language: profile.love_language,
            birth_date: profile.birth_date,
            birth_time: profile.birth_time.map(TimeOfDay),
            birth_city: profile.birth_city,
            birth_country: profile.birth_country,
            birth_timezone: profile.birth_timezone,
            birth_latitude: profile.birth_latitude,
            birth_longitude: profile.birth_longitude,
        }
    }
}

/// What may be changed; what is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct MatchingBody {
    gender: Option<Gender>,
    orientation: Option<Orientation>,
    relationship_goal: Option<RelationshipGoal>,
    /// At most 32.
    values: Option<Vec<String>>,
    /// At most 32.
    preferred_lifestyle: Option<Vec<String>>,
    attachment_style: Option<AttachmentStyle>,
    /// At most 32.
    love_language: Option<Vec<String>>,
    #[schema(format = "date")]
    birth_date: Option<String>,
    /// `HH:MM[:SS[.ffffff]]` or null.
    birth_time: Option<String>,
    #[schema(max_length = 128)]
    birth_city: Option<String>,
    #[schema(max_length = 128)]
    birth_country: Option<String>,
    #[schema(max_length = 64)]
    birth_timezone: Option<String>,
    #[schema(minimum = -90, maximum = 90)]
    birth_latitude: Option<f64>,
    #[schema(minimum = -180, maximum = 180)]
    birth_longitude: Option<f64>,
    /// Becomes the language of the account's settings; not in the answer.
    #[schema(max_length = 32)]
    language: Option<String>,
}

impl Input for MatchingChange {
    fn read(fields: &mut Fields) -> Self {
        let mut words = |name: &'static str| fields.optional(name, text_list(name, MOST_WORDS)).map(Words);
        let values = words("values");
        let (preferred_lifestyle, love_language) = (words("preferred_lifestyle"), words("love_language"));
        Self {
            gender: fields.optional("gender", choice()),
            orientation: fields.optional("orientation", choice()),
            relationship_goal: fields.optional("relationship_goal", choice()),
            values,
            preferred_lifestyle,
            attachment_style: fields.optional("attachment_style", choice()),
            love_language,
            birth_date: fields.nullable("birth_date", date()),
            birth_time: fields.nullable("birth_time", time()),
            birth_city: fields.optional("birth_city", text().max(128).or_blank()),
            birth_country: fields.optional("birth_country", text().max(128).or_blank()),
            birth_timezone: fields.optional("birth_timezone", text().max(64).or_blank()),
            birth_latitude: fields.nullable("birth_latitude", number().between(-90.0, 90.0)),
            birth_longitude: fields.nullable("birth_longitude", number().between(-180.0, 180.0)),
            // The app's screen of this profile also chooses the language. It expects it to be kept, but not in the answer:
            // the answer's names are fixed, and the app reads the language from the account's settings. Blank and null,
            // which used to be ignored like any unknown field, still are.
            language: fields
                .nullable("language", text().max(32).or_blank())
                .flatten()
                .filter(|language| !language.is_empty()),
        }
    }
}

/// One's own matching profile; an empty one before it is first changed.
#[utoipa::path(get, path = "/api/v1/profile/me/", tag = "profiles", responses((status = 200, body = MatchingView)))]
pub async fn read(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
) -> Result<Json<MatchingView>, ApiError> {
    let profile = matching_profiles::find(&app, viewer.id).await?;
    Ok(Json(MatchingView::of(profile)))
}

/// Changes one's own matching profile.
#[utoipa::path(
    patch, path = "/api/v1/profile/me/", tag = "profiles", request_body = MatchingBody,
    responses(
        (status = 201, body = MatchingView, description = "It was empty before"),
        (status = 200, body = MatchingView),
        (status = 400, description = "Messages by field"),
    )
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    Body(change): Body<MatchingChange>,
) -> Result<(StatusCode, Json<MatchingView>), ApiError> {
    let (profile, was_empty) = matching_profiles::change(&app, viewer.id, &change).await?;
    let status = if was_empty {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(MatchingView::of(profile))))
}
