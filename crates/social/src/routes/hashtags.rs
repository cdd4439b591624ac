//! `hashtags/`.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
};
use platform::{
    App,
    http::{ApiError, MaybeUser, Origin, Paginated, Paging},
};

use crate::{
    hashtags::{self, Trend},
    lists::Reader,
    names::hashtag,
    views::PostView,
};

/// The hashtag that a path names, in its stored form; 404 for what is none.
pub struct Tag(String);

impl FromRequestParts<App> for Tag {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Path(word) = Path::<String>::from_request_parts(parts, app)
            .await
            .map_err(|_| ApiError::not_found())?;
        let word = word.strip_prefix('#').unwrap_or(&word);
        hashtag(word).map(Self).ok_or_else(ApiError::not_found)
    }
}

/// The posts with a hashtag that one may see, newest first. Upper and lower case are the same.
#[utoipa::path(
    get, path = "/api/v1/hashtags/{tag}/posts/", tag = "posts", security(()),
    params(
        ("tag" = String, Path, description = "With or without `#`"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
    ),
    responses((status = 200, body = Paginated<PostView>), (status = 404, description = "No hashtag, or an invalid cursor"))
)]
pub async fn posts(
    State(app): State<App>,
    MaybeUser(viewer): MaybeUser,
    origin: Origin,
    Tag(tag): Tag,
    paging: Paging,
) -> Result<Json<Paginated<PostView>>, ApiError> {
    let reader = Reader {
        app: &app,
        viewer: viewer.as_ref(),
        origin: &origin,
    };
    reader.tagged(&tag, paging).await.map(Json)
}

/// The hashtags that most people have written about in public in the last 24 hours, at most 20; a minute old at most.
#[utoipa::path(
    get, path = "/api/v1/hashtags/trending/", tag = "posts", security(()),
    responses((status = 200, body = Vec<Trend>))
)]
pub async fn trending(State(app): State<App>) -> Result<Json<Vec<Trend>>, ApiError> {
    Ok(Json(hashtags::trending(&app).await?))
}
