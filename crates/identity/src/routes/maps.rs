//! `me/profile/`: one's own personal map.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, FileField, Input, Origin, Rule, TimeOfDay, Upload, Viewer, date,
        text, time,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    avatars,
    entities::personal_maps,
    maps::{self, MapChange, PersonalMap},
};

/// A personal map.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonalMap)]
pub struct MapView {
    /// The account's.
    email: String,
    first_name: String,
    last_name: String,
    #[schema(required = true, value_type = Option<String>, format = "date")]
    birth_date: Option<NaiveDate>,
    #[schema(required = true)]
    birth_time: Option<TimeOfDay>,
    birth_place_country: String,
    birth_place_city: String,
    /// An absolute URL.
    #[schema(required = true)]
    avatar_image: Option<String>,
    /// Whether names, date and place of birth are there.
    is_complete: bool,
}

impl MapView {
    async fn of(map: PersonalMap, app: &App, origin: &Origin) -> Json<Self> {
        let is_complete = map.stored.as_ref().is_some_and(personal_maps::Model::is_complete);
        let blank = Self {
            email: map.email,
            first_name: String::new(),
            last_name: String::new(),
            birth_date: None,
            birth_time: None,
            birth_place_country: String::new(),
            birth_place_city: String::new(),
            avatar_image: None,
            is_complete,
        };
        let Some(stored) = map.stored else {
            return Json(blank);
        };
        let avatar_image = match stored.avatar.as_str() {
            "" => None,
            key => Some(origin.absolute(app.storage().url(key).await)),
        };
        Json(Self {
            first_name: stored.first_name,
            last_name: stored.last_name,
            birth_date: stored.birth_date,
            birth_time: stored.birth_time.map(TimeOfDay),
            birth_place_country: stored.birth_place_country,
            birth_place_city: stored.birth_place_city,
            avatar_image,
            ..blank
        })
    }
}

/// What may be changed. `PUT` needs names, date and place of birth; in `PATCH` what is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct MapBody {
    #[schema(min_length = 1, max_length = 120)]
    first_name: Option<String>,
    #[schema(min_length = 1, max_length = 120)]
    last_name: Option<String>,
    /// `YYYY-MM-DD` or `DD/MM/YYYY`.
    birth_date: Option<String>,
    /// `HH:MM[:SS]` or null.
    birth_time: Option<String>,
    #[schema(min_length = 1, max_length = 120)]
    birth_place_country: Option<String>,
    #[schema(min_length = 1, max_length = 120)]
    birth_place_city: Option<String>,
    /// A file of a multipart body, or null: bmp, gif, jpeg, png, tiff or webp, at most 25 MB and 8000 pixels a side. It is
    /// stored without metadata and at most 1024 pixels long.
    #[schema(format = "binary")]
    avatar_image: Option<String>,
}

/// A change, and an upload that is still to be looked into. `WHOLE`: the fields that make a map complete are required.
pub struct Sent<const WHOLE: bool> {
    change: MapChange,
    avatar: Option<Option<Upload>>,
}

fn take<R: Rule>(fields: &mut Fields, name: &str, rule: R, is_required: bool) -> Option<R::Value> {
    if is_required {
        Some(fields.required(name, rule))
    } else {
        fields.optional(name, rule)
    }
}

impl<const WHOLE: bool> Input for Sent<WHOLE> {
    const FILES: &'static [FileField] = &[avatars::FIELD];

    fn read(fields: &mut Fields) -> Self {
        let mut name = |field: &str| take(fields, field, text().max(120), WHOLE);
        let (first_name, last_name) = (name("first_name"), name("last_name"));
        let (birth_place_country, birth_place_city) = (name("birth_place_country"), name("birth_place_city"));
        let change = MapChange {
            first_name,
            last_name,
            birth_date: take(fields, "birth_date", date().or_day_first(), WHOLE),
            birth_time: fields.nullable("birth_time", time().of_whole_seconds()),
            birth_place_country,
            birth_place_city,
            avatar: None,
        };
        let avatar = fields.nullable_file(avatars::FIELD);
        Self { change, avatar }
    }

    async fn examine(&mut self, _: &App, fields: &mut Fields) -> Result<(), ApiError> {
        self.change.avatar = match self.avatar.take() {
            None => None,
            Some(None) => Some(None),
            Some(Some(upload)) => match avatars::examine(upload).await {
                Ok(avatar) => Some(Some(avatar)),
                Err(message) => fields.refuse(avatars::FIELD.name, &message),
            },
        };
        Ok(())
    }
}

/// One's own personal map; blank before it is first saved.
#[utoipa::path(get, path = "/api/v1/me/profile/", tag = "profiles", responses((status = 200, body = MapView)))]
pub async fn read(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
) -> Result<Json<MapView>, ApiError> {
    let map = maps::find(&app, viewer.id).await?;
    Ok(MapView::of(map, &app, &origin).await)
}

/// Saves one's personal map; names, birth data and picture are written through to the account.
#[utoipa::path(
    put, path = "/api/v1/me/profile/", tag = "profiles", request_body = MapBody,
    responses((status = 200, body = MapView), (status = 400, description = "Messages by field"))
)]
pub async fn replace(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    Body(sent): Body<Sent<true>>,
) -> Result<Json<MapView>, ApiError> {
    save(&app, &viewer, &origin, &sent.change).await
}

/// Changes one's personal map; the first time it may be incomplete.
#[utoipa::path(
    patch, path = "/api/v1/me/profile/", tag = "profiles", request_body = MapBody,
    responses((status = 200, body = MapView), (status = 400, description = "Messages by field"))
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    Body(sent): Body<Sent<false>>,
) -> Result<Json<MapView>, ApiError> {
    save(&app, &viewer, &origin, &sent.change).await
}

async fn save(
    app: &App,
    viewer: &Viewer,
    origin: &Origin,
    change: &MapChange,
) -> Result<Json<MapView>, ApiError> {
    let map = maps::save(app, viewer.id, change).await?;
    Ok(MapView::of(map, app, origin).await)
}
