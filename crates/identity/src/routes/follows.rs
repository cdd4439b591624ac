//! Following.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use platform::{
    App,
    http::{ApiError, CurrentUser, Paging, Parameters, PathId, Viewer},
    id::UserId,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    collections,
    follows::{self, Direction},
    privacy::Sight,
    users::{self, UserView},
};

/// Whether the viewer follows the user now.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowAnswer {
    following: bool,
}

/// Follows a user; again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/follow/", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = FollowAnswer), (status = 400, description = "Oneself"), (status = 404, description = "No such user"))
)]
pub async fn follow(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<FollowAnswer>, ApiError> {
    follows::follow(&app, viewer.id, UserId(id.of("User")?)).await?;
    Ok(Json(FollowAnswer { following: true }))
}

/// Follows a user no longer; again changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}/follow/", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = FollowAnswer), (status = 400, description = "Oneself"), (status = 404, description = "No such user"))
)]
pub async fn unfollow(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<FollowAnswer>, ApiError> {
    follows::unfollow(&app, viewer.id, UserId(id.of("User")?)).await?;
    Ok(Json(FollowAnswer { following: false }))
}

/// Who follows a user: the newest 1000 as an array; with `page_size`, pages.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/followers/", tag = "users",
    params(("id" = i64, Path), ("page_size" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, body = Vec<UserView>), (status = 403, description = "Only for friends of the user, or for nobody"),
        (status = 404, description = "No such user")
    )
)]
pub async fn followers(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    parameters: Parameters,
    paging: Paging,
) -> Result<Response, ApiError> {
    answer(
        &app,
        &viewer,
        UserId(id.of("User")?),
        Direction::Followers,
        asks_for_pages(&parameters).then_some(paging),
    )
    .await
}

/// Whom a user follows: the newest 1000 as an array; with `page_size`, pages.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/following/", tag = "users",
    params(("id" = i64, Path), ("page_size" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses(
        (status = 200, body = Vec<UserView>), (status = 403, description = "Only for friends of the user, or for nobody"),
        (status = 404, description = "No such user")
    )
)]
pub async fn following(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    parameters: Parameters,
    paging: Paging,
) -> Result<Response, ApiError> {
    answer(
        &app,
        &viewer,
        UserId(id.of("User")?),
        Direction::Following,
        asks_for_pages(&parameters).then_some(paging),
    )
    .await
}

/// One part of the mobile app reads an array, another the pages that it asks for with `page_size`.
fn asks_for_pages(parameters: &Parameters) -> bool {
    parameters.get("page_size").or(parameters.get("cursor")).is_some()
}

async fn answer(
    app: &App,
    viewer: &Viewer,
    user: UserId,
    direction: Direction,
    pages: Option<Paging>,
) -> Result<Response, ApiError> {
    let shown = users::find(app.db().reader(), user, viewer)
        .await?
        .ok_or_else(|| ApiError::no_match("User"))?;
    if shown.sight(viewer) < Sight::Profile {
        return Err(ApiError::forbidden());
    }
    let collection = follows::collection(user, direction);
    let Some(paging) = pages else {
        let query = collection.narrow(users::listed_for(viewer));
        let rows = collection.newest(app, query).await?;
        return Ok(Json(
            rows.into_iter()
                .map(|user| user.view_for(viewer))
                .collect::<Vec<UserView>>(),
        )
        .into_response());
    };
    let members = collections::members(app, viewer, collection, paging).await?;
    Ok(Json(members).into_response())
}
