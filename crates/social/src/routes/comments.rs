//! `comments/`.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, FileField, Input, MaybeUser, Origin, Paginated, Paging,
        Parameters, PathId, Viewer, primary_key, text,
    },
};
use utoipa::ToSchema;

use crate::{
    admission::CommentAuthor,
    attachments::{Files, IMAGES},
    comments::{self, NewComment},
    lists::Reader,
    views::{CommentView, comments_shown_to},
};

/// A comment to be made, as JSON, form or multipart. It has words, pictures, or both.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct CommentBody {
    /// The post; also as text.
    post: i64,
    text: Option<String>,
    /// The comment that it replies to, of the same post.
    parent: Option<i64>,
    /// Up to four pictures.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    images: Option<Vec<Vec<u8>>>,
}

/// Another text of a comment. `PUT` needs the post as well; neither it nor the parent changes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct CommentChangeBody {
    post: Option<i64>,
    text: Option<String>,
}

impl Input for NewComment {
    const FILES: &'static [FileField] = &[IMAGES];

    fn read(fields: &mut Fields) -> Self {
        Self {
            post: fields.required("post", primary_key()),
            parent: fields.nullable("parent", primary_key()).flatten(),
            text: fields.optional("text", text().or_blank()).unwrap_or_default(),
            files: Files::read_images(fields),
        }
    }

    async fn examine(&mut self, _app: &App, fields: &mut Fields) -> Result<(), ApiError> {
        self.files.examine(fields).await;
        Ok(())
    }
}

/// Another text, if one was sent.
pub struct CommentChange(Option<String>);

impl Input for CommentChange {
    fn read(fields: &mut Fields) -> Self {
        Self(fields.optional("text", text().or_blank()))
    }
}

/// The same with the post, which is only looked at.
pub struct Replacement(CommentChange);

impl Input for Replacement {
    fn read(fields: &mut Fields) -> Self {
        fields.required("post", primary_key());
        Self(CommentChange::read(fields))
    }
}

/// The comments of a post that one may see, or of all posts; newest first, replies among them.
#[utoipa::path(
    get, path = "/api/v1/comments/", tag = "comments", security(()),
    params(
        ("post" = Option<i64>, Query, description = "Only those of this post"),
        ("page" = Option<u32>, Query, description = "With `post`: the page by its number, in place of cursors"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "Fields, `-` before those that descend"),
    ),
    responses((status = 200, body = Paginated<CommentView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    MaybeUser(viewer): MaybeUser,
    origin: Origin,
    parameters: Parameters,
    paging: Paging,
) -> Result<Json<Paginated<CommentView>>, ApiError> {
    let reader = Reader {
        app: &app,
        viewer: viewer.as_ref(),
        origin: &origin,
    };
    let page = match parameters.get("post").filter(|post| !post.is_empty()) {
        Some(post) => reader.comments_on(post, paging).await,
        None => reader.comments(paging).await,
    };
    page.map(Json)
}

/// Makes a comment on a post that one may see.
#[utoipa::path(
    post, path = "/api/v1/comments/", tag = "comments", request_body = CommentBody,
    responses(
        (status = 201, body = CommentView), (status = 400, description = "Messages by field"),
        (status = 429, description = "More than 60 comments in a minute"),
    )
)]
pub async fn create(
    State(app): State<App>,
    CommentAuthor(viewer): CommentAuthor,
    origin: Origin,
    Body(comment): Body<NewComment>,
) -> Result<(StatusCode, Json<CommentView>), ApiError> {
    let id = comments::create(&app, &viewer, comment).await?;
    Ok((
        StatusCode::CREATED,
        Json(show(&app, Some(&viewer), &origin, id).await?),
    ))
}

/// A comment.
#[utoipa::path(
    get, path = "/api/v1/comments/{id}/", tag = "comments", security(()), params(("id" = i64, Path)),
    responses((status = 200, body = CommentView), (status = 404, description = "No such comment that one may see"))
)]
pub async fn detail(
    State(app): State<App>,
    MaybeUser(viewer): MaybeUser,
    origin: Origin,
    id: PathId,
) -> Result<Json<CommentView>, ApiError> {
    let view = show(&app, viewer.as_ref(), &origin, id.of("Comment")?).await?;
    Ok(Json(view))
}

/// Changes the text of one's own comment.
#[utoipa::path(
    put, path = "/api/v1/comments/{id}/", tag = "comments", params(("id" = i64, Path)), request_body = CommentChangeBody,
    responses(
        (status = 200, body = CommentView), (status = 400, description = "Messages by field"),
        (status = 403, description = "Somebody else's"), (status = 404, description = "No such comment that one may see"),
    )
)]
pub async fn replace(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    id: PathId,
    Body(Replacement(change)): Body<Replacement>,
) -> Result<Json<CommentView>, ApiError> {
    apply(&app, &viewer, &origin, id, change).await
}

/// The same without the post.
#[utoipa::path(
    patch, path = "/api/v1/comments/{id}/", tag = "comments", params(("id" = i64, Path)), request_body = CommentChangeBody,
    responses(
        (status = 200, body = CommentView), (status = 400, description = "Messages by field"),
        (status = 403, description = "Somebody else's"), (status = 404, description = "No such comment that one may see"),
    )
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    id: PathId,
    Body(change): Body<CommentChange>,
) -> Result<Json<CommentView>, ApiError> {
    apply(&app, &viewer, &origin, id, change).await
}

async fn apply(
    app: &App,
    viewer: &Viewer,
    origin: &Origin,
    id: PathId,
    CommentChange(text): CommentChange,
) -> Result<Json<CommentView>, ApiError> {
    let id = id.of("Comment")?;
    viewer.require_unrestricted()?;
    comments::change(app, viewer, id, text.as_deref()).await?;
    Ok(Json(show(app, Some(viewer), origin, id).await?))
}

/// Removes one's own comment for good, with all replies.
#[utoipa::path(
    delete, path = "/api/v1/comments/{id}/", tag = "comments", params(("id" = i64, Path)),
    responses(
        (status = 204, description = "Removed"), (status = 403, description = "Somebody else's"),
        (status = 404, description = "No such comment that one may see"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    comments::delete(&app, &viewer, id.of("Comment")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show(app: &App, viewer: Option<&Viewer>, origin: &Origin, id: i64) -> Result<CommentView, ApiError> {
    comments_shown_to(app, viewer, origin, &[id])
        .await?
        .pop()
        .ok_or_else(|| ApiError::no_match("Comment"))
}
