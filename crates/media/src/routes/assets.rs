//! `media/`: one's own media assets.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, FileField, Input, Origin, Paginated, Paging, PathId, Upload,
        integer, json, number, text,
    },
};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    LARGEST_VIDEO,
    assets::{self, AssetView, ID, Record, SORTABLE},
    examine::{self, NewFile},
    files,
};

/// The field of a file that is sent along.
const FILE: FileField = FileField::one("file", LARGEST_VIDEO);
/// Where such files go.
const FOLDER: &str = "uploads/";
/// Largest width and height, in pixels.
const LONGEST_SIDE: i64 = 2_147_483_647;

/// A record. `PUT` needs `s3_key` and `mime`, and so does `POST` without a file.
#[derive(ToSchema)]
#[schema(as = MediaAssetBody)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct AssetBody {
    /// Where the media are: any text.
    #[schema(min_length = 1, max_length = 255)]
    s3_key: String,
    #[schema(min_length = 1, max_length = 64)]
    mime: String,
    /// In pixels.
    width: Option<i64>,
    /// In pixels.
    height: Option<i64>,
    /// In seconds.
    duration: Option<f64>,
    /// Any JSON but null.
    #[schema(value_type = Object)]
    meta: Option<Value>,
    /// In `POST`: a picture or video, in a multipart body. Then all of the above but `meta` is what the file is.
    #[schema(format = "binary")]
    file: Option<String>,
}

impl Record {
    fn of(fields: &mut Fields, is_whole: bool) -> Self {
        let mut words = |name, most| {
            if is_whole {
                Some(fields.required(name, text().max(most)))
            } else {
                fields.optional(name, text().max(most))
            }
        };
        let (s3_key, mime) = (words("s3_key", 255), words("mime", 64));
        Self {
            s3_key,
            mime,
            width: fields.nullable("width", integer().between(0, LONGEST_SIDE)),
            height: fields.nullable("height", integer().between(0, LONGEST_SIDE)),
            duration: fields.nullable("duration", number()),
            meta: fields.optional("meta", json()),
        }
    }
}

/// A change of a record; `WHOLE`: what makes one is required.
pub struct Sent<const WHOLE: bool>(Record);

impl<const WHOLE: bool> Input for Sent<WHOLE> {
    fn read(fields: &mut Fields) -> Self {
        Self(Record::of(fields, WHOLE))
    }
}

/// A record, or a file with what its owner has to say of it.
pub enum NewAsset {
    Record(Record),
    Upload {
        file: Option<Upload>,
        examined: Option<NewFile>,
        meta: Option<Value>,
    },
}

impl Input for NewAsset {
    const FILES: &'static [FileField] = &[FILE];

    fn read(fields: &mut Fields) -> Self {
        if !fields.has_file(FILE) {
            return Self::Record(Record::of(fields, true));
        }
        Self::Upload {
            file: fields.optional_file(FILE),
            examined: None,
            meta: fields.optional("meta", json()),
        }
    }

    async fn examine(&mut self, _: &App, fields: &mut Fields) -> Result<(), ApiError> {
        if let Self::Upload { file, examined, .. } = self
            && let Some(upload) = file.take()
        {
            match examine::examine(upload).await {
                Ok(file) => *examined = Some(file),
                Err(message) => fields.refuse(FILE.name, &message),
            }
        }
        Ok(())
    }
}

/// One's own media assets, newest first.
#[utoipa::path(
    get, path = "/api/v1/media/", tag = "media",
    params(
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "Fields, `-` before those that descend"),
    ),
    responses((status = 200, body = Paginated<AssetView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    paging: Paging,
) -> Result<Json<Paginated<AssetView>>, ApiError> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let rows = assets::page_of(&app, viewer.id, &page).await?;
    let paginated = page.answer(rows, assets::sort_value);
    let views = assets::show(&app, &origin, paginated.results).await?;
    Ok(Json(Paginated {
        next: paginated.next,
        previous: paginated.previous,
        results: views,
    }))
}

/// Adds a record of media that are kept elsewhere; or takes a picture or video (a multipart body with a `file`).
#[utoipa::path(
    post, path = "/api/v1/media/", tag = "media", request_body = AssetBody,
    responses((status = 201, body = AssetView), (status = 400, description = "Messages by field"))
)]
pub async fn add(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    Body(new): Body<NewAsset>,
) -> Result<(StatusCode, Json<AssetView>), ApiError> {
    let asset = match new {
        NewAsset::Record(record) => assets::add(&app, viewer.id, &record).await?,
        NewAsset::Upload { examined, meta, .. } => {
            let file = examined.ok_or_else(|| ApiError::field(FILE.name, "No file was submitted."))?;
            let stored = files::store(&app, viewer.id, FOLDER, file).await?;
            let meta = meta.unwrap_or_else(|| serde_json::json!({}));
            assets::add_file(&app, viewer.id, &stored, &meta).await?
        }
    };
    let view = assets::show_one(&app, &origin, asset).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// One of one's own media assets.
#[utoipa::path(
    get, path = "/api/v1/media/{id}/", tag = "media", params(("id" = i64, Path)),
    responses((status = 200, body = AssetView), (status = 404, description = "No such asset of one's own"))
)]
pub async fn detail(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    id: PathId,
) -> Result<Json<AssetView>, ApiError> {
    let asset = assets::find(app.db().reader(), viewer.id, id.of("MediaAsset")?).await?;
    Ok(Json(assets::show_one(&app, &origin, asset).await?))
}

/// Changes a record. Of a file that was uploaded only `meta` changes.
#[utoipa::path(
    put, path = "/api/v1/media/{id}/", tag = "media", params(("id" = i64, Path)), request_body = AssetBody,
    responses(
        (status = 200, body = AssetView), (status = 400, description = "Messages by field"),
        (status = 404, description = "No such asset of one's own"),
    )
)]
pub async fn replace(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    id: PathId,
    Body(Sent(record)): Body<Sent<true>>,
) -> Result<Json<AssetView>, ApiError> {
    let asset = assets::change(&app, viewer.id, id.of("MediaAsset")?, &record).await?;
    Ok(Json(assets::show_one(&app, &origin, asset).await?))
}

/// The same for single fields; what is left out stays.
#[utoipa::path(
    patch, path = "/api/v1/media/{id}/", tag = "media", params(("id" = i64, Path)), request_body = AssetBody,
    responses(
        (status = 200, body = AssetView), (status = 400, description = "Messages by field"),
        (status = 404, description = "No such asset of one's own"),
    )
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    id: PathId,
    Body(Sent(record)): Body<Sent<false>>,
) -> Result<Json<AssetView>, ApiError> {
    let asset = assets::change(&app, viewer.id, id.of("MediaAsset")?, &record).await?;
    Ok(Json(assets::show_one(&app, &origin, asset).await?))
}

/// Removes a media asset, with the file that was uploaded for it.
#[utoipa::path(
    delete, path = "/api/v1/media/{id}/", tag = "media", params(("id" = i64, Path)),
    responses((status = 204, description = "Removed"), (status = 404, description = "No such asset of one's own"))
)]
pub async fn remove(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    assets::remove(&app, viewer.id, id.of("MediaAsset")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
