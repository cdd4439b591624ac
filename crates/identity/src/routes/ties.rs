//! Blocking and muting.

use axum::{Json, extract::State};
use platform::{
    App,
    http::{ApiError, CurrentUser, Paginated, Paging, PathId, Viewer},
    id::UserId,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    collections::{self, Member},
    ties::{self, Distance},
    users::{self, UserView},
};

/// Whether the viewer blocks the user now.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockAnswer {
    blocked: bool,
}

/// Whether the viewer mutes the user now.
#[derive(Debug, Serialize, ToSchema)]
pub struct MuteAnswer {
    muted: bool,
}

/// Blocks a user: neither finds, follows or writes to the other any more. Again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/block/", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = BlockAnswer), (status = 400, description = "Oneself"), (status = 404, description = "No such user"))
)]
pub async fn block(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<BlockAnswer>, ApiError> {
    ties::keep(&app, viewer.id, UserId(id.of("User")?), Distance::Block).await?;
    Ok(Json(BlockAnswer { blocked: true }))
}

/// Ends a block; whom the two followed before does not come back. Again changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}/block/", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = BlockAnswer), (status = 404, description = "No such user"))
)]
pub async fn unblock(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<BlockAnswer>, ApiError> {
    ties::give_up(&app, viewer.id, UserId(id.of("User")?), Distance::Block).await?;
    Ok(Json(BlockAnswer { blocked: false }))
}

/// Mutes a user: what it does is no longer announced to the viewer. Again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/mute/", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = MuteAnswer), (status = 400, description = "Oneself"), (status = 404, description = "No such user"))
)]
pub async fn mute(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<MuteAnswer>, ApiError> {
    ties::keep(&app, viewer.id, UserId(id.of("User")?), Distance::Mute).await?;
    Ok(Json(MuteAnswer { muted: true }))
}

/// Ends a mute; again changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}/mute/", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = MuteAnswer), (status = 404, description = "No such user"))
)]
pub async fn unmute(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<MuteAnswer>, ApiError> {
    ties::give_up(&app, viewer.id, UserId(id.of("User")?), Distance::Mute).await?;
    Ok(Json(MuteAnswer { muted: false }))
}

/// Whom the viewer blocks.
#[utoipa::path(
    get, path = "/api/v1/me/blocks/", tag = "users",
    params(("page_size" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("ordering" = Option<String>, Query)),
    responses((status = 200, body = Paginated<UserView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn blocks(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    paging: Paging,
) -> Result<Json<Paginated<UserView>>, ApiError> {
    list(&app, &viewer, Distance::Block, paging).await
}

/// Whom the viewer mutes.
#[utoipa::path(
    get, path = "/api/v1/me/mutes/", tag = "users",
    params(("page_size" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("ordering" = Option<String>, Query)),
    responses((status = 200, body = Paginated<UserView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn mutes(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    paging: Paging,
) -> Result<Json<Paginated<UserView>>, ApiError> {
    list(&app, &viewer, Distance::Mute, paging).await
}

/// A list of one's own making shows its users whatever they do, as cards where their profile is not for the viewer.
async fn list(
    app: &App,
    viewer: &Viewer,
    distance: Distance,
    paging: Paging,
) -> Result<Json<Paginated<UserView>>, ApiError> {
    let collection = ties::collection(viewer.id, distance);
    let page = collection.order(paging)?;
    let query = collection.narrow(users::seen_by(viewer));
    let members = collections::page_of(app, query, &page).await?;
    Ok(Json(page.answer(members, Member::sort_value).map(|member| {
        if distance == Distance::Block {
            member.user.card()
        } else {
            member.user.view_for(viewer)
        }
    })))
}
