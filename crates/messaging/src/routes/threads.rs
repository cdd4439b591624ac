//! `threads/`.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, Input, Paginated, Paging, Parameters, PathId, Viewer, boolean,
        text,
    },
    id::UserId,
};
use serde_json::Value;
use utoipa::ToSchema;

use super::input::{Participant, anything, id_of, participant, words, words_if_any};
use crate::{
    access,
    admission::Starter,
    errors::MessagingError,
    inbox, leaving,
    threads::{self, NewThread},
    views::{ThreadView, threads_shown_to},
};

/// Longest title of a thread, in characters.
const LONGEST_TITLE: usize = 120;
/// Most people in a thread, besides whoever begins it.
const MOST_PARTICIPANTS: usize = 5_000;

/// A conversation to be begun, as JSON, form or multipart.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct ThreadBody {
    /// The others, at most 5,000.
    participant_ids: Vec<i64>,
    is_group: Option<bool>,
    #[schema(max_length = 120)]
    title: Option<String>,
    /// Blank: none.
    initial_message: Option<String>,
}

/// What becomes of a conversation; the rest of what is sent is passed over.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct ThreadChangeBody {
    #[schema(max_length = 120)]
    title: Option<String>,
}

/// With whom to talk.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct DirectBody {
    user_id: i64,
    /// Sent into the thread, if it is not blank.
    initial_message: Option<String>,
}

/// See [`ThreadBody`].
pub struct ThreadInput {
    participants: Vec<Participant>,
    is_group: bool,
    title: String,
    initial_message: String,
}

fn read_participants(fields: &mut Fields) -> Vec<Participant> {
    const NAME: &str = "participant_ids";
    match fields.list(NAME, participant(), MOST_PARTICIPANTS) {
        Some(participants) if participants.is_empty() && !fields.is_refused(NAME) => {
            fields.refuse(NAME, "At least one participant is required.")
        }
        Some(participants) => participants,
        None if fields.is_refused(NAME) => Vec::new(),
        None => fields.refuse(NAME, "This field is required."),
    }
}

impl Input for ThreadInput {
    fn read(fields: &mut Fields) -> Self {
        Self {
            participants: read_participants(fields),
            is_group: fields.optional("is_group", boolean()).unwrap_or_default(),
            title: fields
                .optional("title", text().or_blank().max(LONGEST_TITLE))
                .unwrap_or_default(),
            initial_message: fields
                .nullable("initial_message", words())
                .flatten()
                .unwrap_or_default(),
        }
    }

    async fn look_up(&self, app: &App, fields: &mut Fields) -> Result<(), ApiError> {
        let ids = self.participants.iter().filter_map(|known| known.id);
        let ids: Vec<UserId> = ids.map(UserId).collect();
        let existing = identity::existing(app.db().reader(), &ids).await?;
        let is_unknown =
            |participant: &&Participant| !participant.id.is_some_and(|id| existing.contains(&UserId(id)));
        let unknown = self.participants.iter().filter(is_unknown);
        let mut unknown: Vec<&str> = unknown.map(|participant| participant.sent.as_str()).collect();
        unknown.dedup();
        if !unknown.is_empty() && !fields.is_refused("participant_ids") {
            let message = format!("Unknown participant IDs: {}", unknown.join(", "));
            fields.refuse::<()>("participant_ids", &message);
        }
        Ok(())
    }
}

/// See [`ThreadChangeBody`].
pub struct ThreadChange(Option<String>);

impl Input for ThreadChange {
    fn read(fields: &mut Fields) -> Self {
        Self(fields.optional("title", text().or_blank().max(LONGEST_TITLE)))
    }
}

/// The same with participants, who are passed over as well.
pub struct ThreadReplacement(ThreadChange);

impl Input for ThreadReplacement {
    fn read(fields: &mut Fields) -> Self {
        read_participants(fields);
        Self(ThreadChange::read(fields))
    }
}

/// See [`DirectBody`].
pub struct DirectInput {
    user: Option<Value>,
    text: String,
}

impl Input for DirectInput {
    fn read(fields: &mut Fields) -> Self {
        let user = fields.nullable("user_id", anything()).flatten();
        Self {
            user: user.filter(|user| *user != "" && user.as_f64() != Some(0.0)),
            text: fields
                .nullable("initial_message", words_if_any())
                .flatten()
                .unwrap_or_default(),
        }
    }
}

/// One's threads, those with the latest messages first: all of them as an array, or in pages when `page_size` or `cursor` is
/// sent.
#[utoipa::path(
    get, path = "/api/v1/threads/", tag = "messaging",
    params(
        ("search" = Option<String>, Query, description = "Words of titles, handles and names, all of which must be there"),
        ("ordering" = Option<String>, Query, description = "`created_at`, `updated_at`, `-` before what descends"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
    ),
    responses((status = 200, body = Vec<ThreadView>, description = "Or a page of them"), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    parameters: Parameters,
    paging: Paging,
) -> Result<Response, ApiError> {
    let search = parameters.get("search").unwrap_or_default();
    if parameters.get("page_size").is_some() || parameters.get("cursor").is_some() {
        let page: Paginated<ThreadView> = inbox::threads_page(&app, &viewer, search, paging).await?;
        return Ok(Json(page).into_response());
    }
    let ordering = parameters.get("ordering").unwrap_or_default();
    let threads = inbox::threads(&app, &viewer, ordering, search).await?;
    Ok(Json(threads).into_response())
}

/// Begins a conversation, whether or not there is one with the same people.
#[utoipa::path(
    post, path = "/api/v1/threads/", tag = "messaging", request_body = ThreadBody,
    responses(
        (status = 201, body = ThreadView), (status = 400, description = "Messages by field"),
        (status = 403, description = "Not a group, and one of them does not want it"),
        (status = 429, description = "More than 20 conversations begun in a minute"),
    )
)]
pub async fn create(
    State(app): State<App>,
    Starter(viewer): Starter,
    Body(input): Body<ThreadInput>,
) -> Result<(StatusCode, Json<ThreadView>), ApiError> {
    let new = NewThread {
        participants: input.participants.iter().filter_map(|known| known.id).collect(),
        is_group: input.is_group,
        title: input.title,
        initial_message: input.initial_message,
    };
    let id = threads::create(&app, &viewer, &new).await?;
    Ok((StatusCode::CREATED, Json(show(&app, &viewer, id).await?)))
}

/// The conversation with somebody, which is begun if there is none.
#[utoipa::path(
    post, path = "/api/v1/threads/direct/", tag = "messaging", request_body = DirectBody,
    responses(
        (status = 200, body = ThreadView), (status = 201, body = ThreadView, description = "It was begun"),
        (status = 400, description = "No `user_id`, or one's own"), (status = 403, description = "They do not want it"),
        (status = 404, description = "No such user"), (status = 429, description = "More than 20 in a minute"),
    )
)]
pub async fn direct(
    State(app): State<App>,
    Starter(viewer): Starter,
    Body(input): Body<DirectInput>,
) -> Result<(StatusCode, Json<ThreadView>), ApiError> {
    let user = input.user.ok_or(MessagingError::NobodyGiven)?;
    let user = id_of(&user).ok_or(MessagingError::NoTarget)?;
    let (id, is_new) = threads::direct(&app, &viewer, UserId(user), &input.text).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(show(&app, &viewer, id).await?)))
}

/// A conversation of one's own.
#[utoipa::path(
    get, path = "/api/v1/threads/{id}/", tag = "messaging", params(("id" = i64, Path)),
    responses((status = 200, body = ThreadView), (status = 403, description = "Not a member"), (status = 404, description = "No such thread"))
)]
pub async fn detail(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<ThreadView>, ApiError> {
    Ok(Json(show(&app, &viewer, id.of("Thread")?).await?))
}

/// Changes the title of a conversation. `PUT` needs `participant_ids` as well; nobody joins or leaves by it.
#[utoipa::path(
    put, path = "/api/v1/threads/{id}/", tag = "messaging", params(("id" = i64, Path)), request_body = ThreadBody,
    responses((status = 200, body = ThreadView), (status = 403, description = "Not a member"), (status = 404, description = "No such thread"))
)]
pub async fn replace(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    body: Result<Body<ThreadReplacement>, ApiError>,
) -> Result<Json<ThreadView>, ApiError> {
    let body = body.map(|Body(ThreadReplacement(change))| change);
    apply(&app, &viewer, id, body).await
}

/// The same without participants.
#[utoipa::path(
    patch, path = "/api/v1/threads/{id}/", tag = "messaging", params(("id" = i64, Path)), request_body = ThreadChangeBody,
    responses((status = 200, body = ThreadView), (status = 403, description = "Not a member"), (status = 404, description = "No such thread"))
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    body: Result<Body<ThreadChange>, ApiError>,
) -> Result<Json<ThreadView>, ApiError> {
    apply(&app, &viewer, id, body.map(|Body(change)| change)).await
}

async fn apply(
    app: &App,
    viewer: &Viewer,
    id: PathId,
    change: Result<ThreadChange, ApiError>,
) -> Result<Json<ThreadView>, ApiError> {
    let id = id.of("Thread")?;
    access::of_member(app.db().reader(), id, viewer.id).await?;
    let ThreadChange(title) = change?;
    if let Some(title) = title {
        viewer.require_unrestricted()?;
        threads::rename(app, viewer, id, &title).await?;
    }
    Ok(Json(show(app, viewer, id).await?))
}

/// Removes a group for everybody, with everything in it: its creator may.
#[utoipa::path(
    delete, path = "/api/v1/threads/{id}/", tag = "messaging", params(("id" = i64, Path)),
    responses(
        (status = 204, description = "Removed"), (status = 403, description = "No group of one's own"),
        (status = 404, description = "No such thread"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    threads::delete(&app, &viewer, id.of("Thread")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves a conversation; when everybody has, it is removed.
#[utoipa::path(
    post, path = "/api/v1/threads/{id}/leave/", tag = "messaging", params(("id" = i64, Path)),
    responses((status = 204, description = "Left"), (status = 403, description = "Not a member"), (status = 404, description = "No such thread"))
)]
pub async fn leave(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    leaving::leave(&app, &viewer, id.of("Thread")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A thread as a member sees it, or why not.
async fn show(app: &App, viewer: &Viewer, id: i64) -> Result<ThreadView, ApiError> {
    if let Some(view) = threads_shown_to(app, viewer, &[id]).await?.pop() {
        return Ok(view);
    }
    let missing = access::of_member(app.db().reader(), id, viewer.id).await;
    Err(missing.map_or_else(Into::into, |_| MessagingError::NoThread.into()))
}
