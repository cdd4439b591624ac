//! Posts that one keeps for later.

use axum::{Json, extract::State};
use platform::{
    App,
    http::{ApiError, CurrentUser, Origin, Paginated, Paging, PathId},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{bookmarks, lists::Reader, views::PostView};

/// Whether the viewer keeps the post now.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookmarkAnswer {
    bookmarked: bool,
}

/// Keeps a post for later; again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/posts/{id}/bookmark/", tag = "posts", params(("id" = i64, Path)),
    responses((status = 200, body = BookmarkAnswer), (status = 404, description = "No such post that one may see"))
)]
pub async fn keep(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<BookmarkAnswer>, ApiError> {
    bookmarks::keep(&app, &viewer, id.of("Post")?).await?;
    Ok(Json(BookmarkAnswer { bookmarked: true }))
}

/// Keeps it no longer; again changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/posts/{id}/bookmark/", tag = "posts", params(("id" = i64, Path)),
    responses((status = 200, body = BookmarkAnswer), (status = 404, description = "No such post that one may see"))
)]
pub async fn give_up(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<BookmarkAnswer>, ApiError> {
    bookmarks::give_up(&app, &viewer, id.of("Post")?).await?;
    Ok(Json(BookmarkAnswer { bookmarked: false }))
}

/// What one keeps, the latest kept first; what one may not see any more is left out.
#[utoipa::path(
    get, path = "/api/v1/bookmarks/", tag = "posts",
    params(
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "`created_at` or `id`, `-` before what descends"),
    ),
    responses((status = 200, body = Paginated<PostView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    paging: Paging,
) -> Result<Json<Paginated<PostView>>, ApiError> {
    let reader = Reader {
        app: &app,
        viewer: Some(&viewer),
        origin: &origin,
    };
    reader.bookmarks(paging).await.map(Json)
}
