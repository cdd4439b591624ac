//! `posts/`.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, MaybeUser, Origin, PathId, Viewer, choice, text},
};
use utoipa::ToSchema;

use crate::{
    posts::{self, NewPost},
    views::{PostView, posts_shown_to},
};

/// A post to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct PostBody {
    #[schema(min_length = 1)]
    text: String,
    /// `public` (the default), `followers` or `private`.
    visibility: Option<String>,
    #[schema(min_length = 1, max_length = 8)]
    language: Option<String>,
}

impl Input for NewPost {
    fn read(fields: &mut Fields) -> Self {
        Self {
            text: fields.required("text", text()),
            visibility: fields.optional("visibility", choice()).unwrap_or_default(),
            language: fields
                .optional("language", text().max(8))
                .unwrap_or_else(|| "en".to_owned()),
        }
    }
}

/// Makes a post.
#[utoipa::path(
    post, path = "/api/v1/posts/", tag = "posts", request_body = PostBody,
    responses((status = 201, body = PostView), (status = 400, description = "Messages by field"))
)]
pub async fn create(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    Body(post): Body<NewPost>,
) -> Result<(StatusCode, Json<PostView>), ApiError> {
    let id = posts::create(&app, viewer.id, &post).await?;
    let view = show(&app, Some(&viewer), &origin, id).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// A post.
#[utoipa::path(
    get, path = "/api/v1/posts/{id}/", tag = "posts", params(("id" = i64, Path)),
    responses((status = 200, body = PostView), (status = 404, description = "No such post that one may see"))
)]
pub async fn detail(
    State(app): State<App>,
    MaybeUser(viewer): MaybeUser,
    origin: Origin,
    id: PathId,
) -> Result<Json<PostView>, ApiError> {
    let view = show(&app, viewer.as_ref(), &origin, id.of("Post")?).await?;
    Ok(Json(view))
}

async fn show(app: &App, viewer: Option<&Viewer>, origin: &Origin, id: i64) -> Result<PostView, ApiError> {
    posts_shown_to(app, viewer, origin, &[id])
        .await?
        .pop()
        .ok_or_else(|| ApiError::no_match("Post"))
}
