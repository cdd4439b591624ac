//! Passing posts on.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, Origin, PathId, choice, text},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::posts::{LONGEST_LANGUAGE, show};
use crate::{
    admission::PostAuthor,
    reposts::{self, NewRepost},
    views::PostView,
};

/// How a post is passed on.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct RepostBody {
    /// With words it is a quote; without, a plain repost, of which one has at most one of each post.
    text: Option<String>,
    /// `public` (the default), `followers` or `private`.
    visibility: Option<String>,
    /// `en` by default.
    #[schema(min_length = 1, max_length = 8)]
    language: Option<String>,
}

impl Input for NewRepost {
    fn read(fields: &mut Fields) -> Self {
        Self {
            text: fields.optional("text", text().or_blank()).unwrap_or_default(),
            visibility: fields.optional("visibility", choice()).unwrap_or_default(),
            language: fields
                .optional("language", text().max(LONGEST_LANGUAGE))
                .unwrap_or_else(|| "en".to_owned()),
        }
    }
}

/// How often the post is passed on, and that the viewer does so plainly no longer.
#[derive(Debug, Serialize, ToSchema)]
pub struct RepostAnswer {
    reposted: bool,
    repost_count: i64,
}

/// Passes a public post on: a post of one's own that shows it.
#[utoipa::path(
    post, path = "/api/v1/posts/{id}/repost/", tag = "posts", params(("id" = i64, Path)), request_body = RepostBody,
    responses(
        (status = 201, body = PostView), (status = 200, body = PostView, description = "One has passed it on already"),
        (status = 400, description = "Messages by field; not a public post"),
        (status = 404, description = "No such post that one may see"), (status = 429, description = "More than 30 posts in a minute"),
    )
)]
pub async fn create(
    State(app): State<App>,
    PostAuthor(viewer): PostAuthor,
    origin: Origin,
    id: PathId,
    Body(repost): Body<NewRepost>,
) -> Result<(StatusCode, Json<PostView>), ApiError> {
    let (id, is_new) = reposts::create(&app, &viewer, id.of("Post")?, &repost).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(show(&app, Some(&viewer), &origin, id).await?)))
}

/// Takes one's plain repost of a post back; again changes nothing. Quotes are removed as posts.
#[utoipa::path(
    delete, path = "/api/v1/posts/{id}/repost/", tag = "posts", params(("id" = i64, Path)),
    responses((status = 200, body = RepostAnswer), (status = 404, description = "No such post that one may see"))
)]
pub async fn remove(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<RepostAnswer>, ApiError> {
    let repost_count = reposts::delete(&app, &viewer, id.of("Post")?).await?;
    Ok(Json(RepostAnswer {
        reposted: false,
        repost_count,
    }))
}
