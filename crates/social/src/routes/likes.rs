//! Liking posts and comments, and who does.

use axum::{Json, extract::State};
use identity::{Collection, UserView};
use platform::{
    App,
    http::{ApiError, CurrentUser, Paginated, Paging, PathId, Viewer},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Target, comments, likes, posts};

/// Whether the viewer likes it now, and how many do.
#[derive(Debug, Serialize, ToSchema)]
pub struct LikeAnswer {
    liked: bool,
    like_count: i64,
}

async fn set(
    app: &App,
    viewer: &Viewer,
    target: Target,
    id: PathId,
    likes: bool,
) -> Result<Json<LikeAnswer>, ApiError> {
    let id = id.of(target.entity())?;
    let like_count = likes::set(app, viewer, (target, id), likes).await?;
    Ok(Json(LikeAnswer {
        liked: likes,
        like_count,
    }))
}

/// Likes a post; again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/posts/{id}/like/", tag = "posts", params(("id" = i64, Path)),
    responses((status = 200, body = LikeAnswer), (status = 404, description = "No such post that one may see"))
)]
pub async fn like_post(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<LikeAnswer>, ApiError> {
    set(&app, &viewer, Target::Post, id, true).await
}

/// Likes a post no longer; again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/posts/{id}/unlike/", tag = "posts", params(("id" = i64, Path)),
    responses((status = 200, body = LikeAnswer), (status = 404, description = "No such post that one may see"))
)]
pub async fn unlike_post(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<LikeAnswer>, ApiError> {
    set(&app, &viewer, Target::Post, id, false).await
}

/// The same as by POST.
#[utoipa::path(
    delete, path = "/api/v1/posts/{id}/unlike/", tag = "posts", params(("id" = i64, Path)),
    responses((status = 200, body = LikeAnswer), (status = 404, description = "No such post that one may see"))
)]
pub async fn unlike_post_by_delete(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<LikeAnswer>, ApiError> {
    set(&app, &viewer, Target::Post, id, false).await
}

/// Likes a comment; again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/comments/{id}/like/", tag = "comments", params(("id" = i64, Path)),
    responses((status = 200, body = LikeAnswer), (status = 404, description = "No such comment that one may see"))
)]
pub async fn like_comment(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<LikeAnswer>, ApiError> {
    set(&app, &viewer, Target::Comment, id, true).await
}

/// Likes a comment no longer; again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/comments/{id}/unlike/", tag = "comments", params(("id" = i64, Path)),
    responses((status = 200, body = LikeAnswer), (status = 404, description = "No such comment that one may see"))
)]
pub async fn unlike_comment(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<LikeAnswer>, ApiError> {
    set(&app, &viewer, Target::Comment, id, false).await
}

/// The same as by POST.
#[utoipa::path(
    delete, path = "/api/v1/comments/{id}/unlike/", tag = "comments", params(("id" = i64, Path)),
    responses((status = 200, body = LikeAnswer), (status = 404, description = "No such comment that one may see"))
)]
pub async fn unlike_comment_by_delete(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<LikeAnswer>, ApiError> {
    set(&app, &viewer, Target::Comment, id, false).await
}

/// Who likes a post, the latest first; private users and those whom one has blocked, or who have blocked one, are left out.
#[utoipa::path(
    get, path = "/api/v1/posts/{id}/likes/", tag = "posts",
    params(("id" = i64, Path), ("page_size" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Paginated<UserView>), (status = 404, description = "No such post that one may see"))
)]
pub async fn of_post(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    paging: Paging,
) -> Result<Json<Paginated<UserView>>, ApiError> {
    let id = id.of("Post")?;
    if !posts::is_visible(app.db().reader(), viewer.id.0, id).await? {
        return Err(ApiError::no_match("Post"));
    }
    list(&app, &viewer, Target::Post, id, paging).await
}

/// Who likes a comment, as for posts.
#[utoipa::path(
    get, path = "/api/v1/comments/{id}/likes/", tag = "comments",
    params(("id" = i64, Path), ("page_size" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Paginated<UserView>), (status = 404, description = "No such comment that one may see"))
)]
pub async fn of_comment(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    paging: Paging,
) -> Result<Json<Paginated<UserView>>, ApiError> {
    let id = id.of("Comment")?;
    if !comments::is_visible(app.db().reader(), viewer.id.0, id).await? {
        return Err(ApiError::no_match("Comment"));
    }
    list(&app, &viewer, Target::Comment, id, paging).await
}

async fn list(
    app: &App,
    viewer: &Viewer,
    target: Target,
    id: i64,
    paging: Paging,
) -> Result<Json<Paginated<UserView>>, ApiError> {
    let (table, own) = match target {
        Target::Post => ("post_likes", "post_id"),
        Target::Comment => ("comment_likes", "comment_id"),
    };
    let collection = Collection {
        table,
        own,
        other: "user_id",
        owner: id,
    };
    identity::members(app, viewer, collection, paging).await.map(Json)
}
