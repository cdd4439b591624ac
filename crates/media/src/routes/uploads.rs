//! `media/uploads/`: files that clients send to the storage by themselves.

use std::{collections::BTreeMap, io};

use axum::{
    Json,
    body::Body as Stream,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
};
use futures::TryStreamExt as _;
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, Origin, PathId, Timestamp, integer, text},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    LARGEST_IMAGE, LARGEST_VIDEO, MediaError,
    assets::{self, AssetView},
    examine::VIDEO_TYPES,
    uploads::{self, NewUpload, OpenUpload},
};

/// Types of pictures that are taken.
const IMAGE_TYPES: [&str; 6] = [
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
];

/// A file that is going to be sent.
#[derive(ToSchema)]
#[schema(as = UploadBody)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct UploadBody {
    #[schema(min_length = 1, max_length = 255)]
    file_name: String,
    /// `image/bmp`, `image/gif`, `image/jpeg`, `image/png`, `image/tiff`, `image/webp`, `video/mp4` or `video/quicktime`.
    mime: String,
    /// In bytes: of a picture at most 26214400, of a video 52428800.
    size: i64,
}

impl Input for NewUpload {
    fn read(fields: &mut Fields) -> Self {
        let file_name = fields.required("file_name", text().max(255));
        let mime: String = fields.required("mime", text().max(64));
        let mime = mime.to_ascii_lowercase();
        let is_image = IMAGE_TYPES.contains(&mime.as_str());
        if !mime.is_empty() && !is_image && !VIDEO_TYPES.iter().any(|(video, _)| *video == mime) {
            fields.refuse::<()>("mime", "Files of this type are not taken.");
        }
        let largest = if is_image { LARGEST_IMAGE } else { LARGEST_VIDEO };
        let largest = i64::try_from(largest).unwrap_or(i64::MAX);
        Self {
            file_name,
            mime,
            size: fields.required("size", integer().between(1, largest)),
        }
    }
}

/// The request that sends the file: whoever knows it may send it, once or again until it expires.
#[derive(Serialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadView {
    /// Of the upload, and of the media asset that it becomes.
    id: i64,
    method: String,
    url: String,
    /// To be sent with exactly these values.
    #[schema(value_type = Object)]
    headers: BTreeMap<String, String>,
    expires_at: Timestamp,
}

impl From<OpenUpload> for UploadView {
    fn from(upload: OpenUpload) -> Self {
        Self {
            id: upload.id,
            method: upload.method,
            url: upload.url,
            headers: upload.headers,
            expires_at: Timestamp(upload.expires_at),
        }
    }
}

/// Opens an upload: says how to send the file. At most 20 are open at a time.
#[utoipa::path(
    post, path = "/api/v1/media/uploads/", tag = "media", request_body = UploadBody,
    responses((status = 201, body = UploadView), (status = 400, description = "Messages by field, or too many are open"))
)]
pub async fn open(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    Body(upload): Body<NewUpload>,
) -> Result<(StatusCode, Json<UploadView>), ApiError> {
    let opened = uploads::open(&app, &origin, viewer.id, &upload).await?;
    Ok((StatusCode::CREATED, Json(opened.into())))
}

/// Takes the file of an upload, where the storage does not do it itself. The URL is the one that the upload was opened with.
#[utoipa::path(
    put, path = "/api/v1/media/uploads/{token}/", tag = "media", security(()), params(("token" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 204, description = "The file is there"), (status = 400, description = "It is longer or shorter than declared"),
        (status = 404, description = "No such upload, or its time is over, or it has its file"),
    )
)]
pub async fn receive(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Stream,
) -> Result<StatusCode, ApiError> {
    let Path(token) = token.map_err(|_| MediaError::NoSuchUpload)?;
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > LARGEST_VIDEO) {
        return Err(ApiError::too_large(
            usize::try_from(LARGEST_VIDEO).unwrap_or(usize::MAX),
        ));
    }
    let pieces = body.into_data_stream().map_err(io::Error::other);
    uploads::receive(&app, &token, pieces).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that the file was sent. It is looked into, and becomes the file of the media asset; or the asset's `meta.error` says why
/// it was refused. Again answers the same.
#[utoipa::path(
    post, path = "/api/v1/media/uploads/{id}/complete/", tag = "media", params(("id" = i64, Path)),
    responses(
        (status = 200, body = AssetView), (status = 400, description = "The file was not sent yet"),
        (status = 404, description = "No such upload of one's own, or its time is over"),
    )
)]
pub async fn complete(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    id: PathId,
) -> Result<Json<AssetView>, ApiError> {
    let asset = uploads::complete(&app, viewer.id, id.of("Upload")?).await?;
    Ok(Json(assets::show_one(&app, &origin, asset).await?))
}
