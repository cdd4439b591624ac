//! `posts/`.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, FileField, Input, MaybeUser, Origin, Paginated, Paging,
        Parameters, PathId, Viewer, choice, integer, text,
    },
};
use utoipa::ToSchema;

use crate::{
    admission::PostAuthor,
    attachments::{Files, IMAGES, MOST_ASSETS, VIDEO},
    lists::Reader,
    posts::{self, NewPost, PostChange},
    views::{PostView, posts_shown_to},
};

/// Longest name of a language, in characters.
pub const LONGEST_LANGUAGE: usize = 8;

/// A post to be made, as JSON, form or multipart.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct PostBody {
    /// May be blank beside pictures or a video.
    text: String,
    /// `public` (the default), `followers` or `private`.
    visibility: Option<String>,
    /// `en` by default.
    #[schema(min_length = 1, max_length = 8)]
    language: Option<String>,
    /// One's own records of media; others are left out.
    media_ids: Option<Vec<i64>>,
    /// Up to four pictures.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    images: Option<Vec<Vec<u8>>>,
    /// `video/mp4` or `video/quicktime`, at most 50 MiB, and no pictures beside it.
    #[schema(value_type = Option<String>, format = Binary)]
    video: Option<Vec<u8>>,
}

/// What becomes of a post. `PUT` needs the text; what is left out stays. Pictures, video and media stay in any case.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct PostChangeBody {
    text: Option<String>,
    /// `public`, `followers` or `private`.
    visibility: Option<String>,
    #[schema(min_length = 1, max_length = 8)]
    language: Option<String>,
}

impl Input for NewPost {
    const FILES: &'static [FileField] = &[IMAGES, VIDEO];

    fn read(fields: &mut Fields) -> Self {
        let files = Files::read(fields);
        let words = if files.were_sent() {
            text().or_blank()
        } else {
            text()
        };
        Self {
            text: fields.required("text", words),
            visibility: fields.optional("visibility", choice()).unwrap_or_default(),
            language: fields
                .optional("language", text().max(LONGEST_LANGUAGE))
                .unwrap_or_else(|| "en".to_owned()),
            media_ids: fields
                .list("media_ids", integer().between(1, i64::MAX), MOST_ASSETS)
                .unwrap_or_default(),
            files,
        }
    }

    async fn examine(&mut self, _app: &App, fields: &mut Fields) -> Result<(), ApiError> {
        self.files.examine(fields).await;
        Ok(())
    }
}

impl Input for PostChange {
    fn read(fields: &mut Fields) -> Self {
        Self {
            // Whether it may be blank depends on the post.
            text: fields.optional("text", text().or_blank()),
            visibility: fields.optional("visibility", choice()),
            language: fields.optional("language", text().max(LONGEST_LANGUAGE)),
        }
    }
}

/// The same with the text.
pub struct Replacement(PostChange);

impl Input for Replacement {
    fn read(fields: &mut Fields) -> Self {
        let words = fields.required("text", text().or_blank());
        Self(PostChange {
            text: Some(words),
            ..PostChange::read(fields)
        })
    }
}

/// The posts that one may see, newest first.
#[utoipa::path(
    get, path = "/api/v1/posts/", tag = "posts", security(()),
    params(
        ("author" = Option<i64>, Query, description = "Only those of this user"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "Fields, `-` before those that descend"),
    ),
    responses((status = 200, body = Paginated<PostView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    MaybeUser(viewer): MaybeUser,
    origin: Origin,
    parameters: Parameters,
    paging: Paging,
) -> Result<Json<Paginated<PostView>>, ApiError> {
    let reader = Reader {
        app: &app,
        viewer: viewer.as_ref(),
        origin: &origin,
    };
    let author = parameters.get("author").filter(|author| !author.is_empty());
    reader.posts(author, paging).await.map(Json)
}

/// Makes a post.
#[utoipa::path(
    post, path = "/api/v1/posts/", tag = "posts", request_body = PostBody,
    responses(
        (status = 201, body = PostView), (status = 400, description = "Messages by field"),
        (status = 429, description = "More than 30 posts in a minute"),
    )
)]
pub async fn create(
    State(app): State<App>,
    PostAuthor(viewer): PostAuthor,
    origin: Origin,
    Body(post): Body<NewPost>,
) -> Result<(StatusCode, Json<PostView>), ApiError> {
    let id = posts::create(&app, viewer.id, post).await?;
    Ok((
        StatusCode::CREATED,
        Json(show(&app, Some(&viewer), &origin, id).await?),
    ))
}

/// A post.
#[utoipa::path(
    get, path = "/api/v1/posts/{id}/", tag = "posts", security(()), params(("id" = i64, Path)),
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

/// Changes one's own post.
#[utoipa::path(
    put, path = "/api/v1/posts/{id}/", tag = "posts", params(("id" = i64, Path)), request_body = PostChangeBody,
    responses(
        (status = 200, body = PostView), (status = 400, description = "Messages by field"),
        (status = 403, description = "Somebody else's"), (status = 404, description = "No such post that one may see"),
    )
)]
pub async fn replace(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    id: PathId,
    Body(Replacement(change)): Body<Replacement>,
) -> Result<Json<PostView>, ApiError> {
    apply(&app, &viewer, &origin, id, &change).await
}

/// The same for single fields.
#[utoipa::path(
    patch, path = "/api/v1/posts/{id}/", tag = "posts", params(("id" = i64, Path)), request_body = PostChangeBody,
    responses(
        (status = 200, body = PostView), (status = 400, description = "Messages by field"),
        (status = 403, description = "Somebody else's"), (status = 404, description = "No such post that one may see"),
    )
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    origin: Origin,
    id: PathId,
    Body(change): Body<PostChange>,
) -> Result<Json<PostView>, ApiError> {
    apply(&app, &viewer, &origin, id, &change).await
}

async fn apply(
    app: &App,
    viewer: &Viewer,
    origin: &Origin,
    id: PathId,
    change: &PostChange,
) -> Result<Json<PostView>, ApiError> {
    let id = id.of("Post")?;
    viewer.require_unrestricted()?;
    posts::change(app, viewer, id, change).await?;
    Ok(Json(show(app, Some(viewer), origin, id).await?))
}

/// Removes one's own post for good, with everything that hangs on it.
#[utoipa::path(
    delete, path = "/api/v1/posts/{id}/", tag = "posts", params(("id" = i64, Path)),
    responses(
        (status = 204, description = "Removed"), (status = 403, description = "Somebody else's"),
        (status = 404, description = "No such post that one may see"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    posts::delete(&app, &viewer, id.of("Post")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A post as somebody sees it, or 404.
pub async fn show(
    app: &App,
    viewer: Option<&Viewer>,
    origin: &Origin,
    id: i64,
) -> Result<PostView, ApiError> {
    posts_shown_to(app, viewer, origin, &[id])
        .await?
        .pop()
        .ok_or_else(|| ApiError::no_match("Post"))
}
