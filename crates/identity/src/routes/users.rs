//! The directory and the users in it.

use axum::{Json, extract::State};
use platform::{
    App,
    http::{ApiError, CurrentUser, Paginated, Paging, Parameters, PathId},
    id::UserId,
};

use crate::{
    directory::DirectorySearch,
    users::{self, ID, SORTABLE, UserRow, UserView},
};

/// All users, newest first.
#[utoipa::path(
    get, path = "/api/v1/users/", tag = "users",
    params(
        ("q" = Option<String>, Query, description = "A text that occurs in handle or name, or a whole e-mail address"),
        ("search" = Option<String>, Query, description = "Terms that all occur, separated by blanks or commas"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "Fields, `-` before those that descend"),
    ),
    responses((status = 200, body = Paginated<UserView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    parameters: Parameters,
    paging: Paging,
) -> Result<Json<Paginated<UserView>>, ApiError> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let mut query = users::listed_for(&viewer);
    DirectorySearch::of(
        parameters.get("q").unwrap_or(""),
        parameters.get("search").unwrap_or(""),
    )
    .narrow(&mut query);
    let rows = users::page_of(app.db().reader(), query, &page).await?;
    Ok(Json(
        page.answer(rows, UserRow::sort_value)
            .map(|user| user.view_for(&viewer)),
    ))
}

/// One user.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = UserView), (status = 404, description = "No such user"))
)]
pub async fn detail(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<UserView>, ApiError> {
    let id = UserId(id.of("User")?);
    let user = users::find(app.db().reader(), id, &viewer)
        .await?
        .ok_or_else(|| ApiError::no_match("User"))?;
    Ok(Json(user.view_for(&viewer)))
}
