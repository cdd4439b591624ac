//! `messages/`, and sending into a thread.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{
        ApiError, Body, CurrentUser, Fields, FileField, Input, Paginated, Paging, Parameters, PathId,
        PrimaryKey, Viewer, primary_key, text,
    },
};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::input::{key, words};
use crate::{
    access,
    admission::Sender,
    attachments::{self, ATTACHMENTS, IMAGES, VIDEO},
    inbox,
    messages::{self, NewMessage},
    sql,
    views::{MessageView, messages_shown_to},
};

/// Longest name that a client may give a message, in characters.
const LONGEST_CLIENT_UUID: usize = 64;

/// A message to be sent, as JSON, form or multipart.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct MessageBody {
    /// May be blank. Also called `text` or `content`.
    body: Option<String>,
    /// What the client knows the message by: sent again, it is the same message.
    #[schema(max_length = 64)]
    client_uuid: Option<String>,
    /// A message of the same thread. Also called `reply_to`.
    reply_to_message_id: Option<i64>,
    /// Up to four pictures, or a video. Also called `images` and `video`.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    attachments: Option<Vec<Vec<u8>>>,
}

/// The same with the thread that it goes into.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct MessageInThreadBody {
    thread: i64,
    #[schema(inline)]
    message: MessageBody,
}

/// What becomes of a message. `PUT` needs `thread` and `client_uuid` as well; nothing but the text changes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct MessageChangeBody {
    body: Option<String>,
}

impl Input for NewMessage {
    const FILES: &'static [FileField] = &[ATTACHMENTS, IMAGES, VIDEO];

    fn read(fields: &mut Fields) -> Self {
        let mut names = ["body", "text", "content"].into_iter();
        let body = names.find_map(|name| {
            let sent = fields.nullable(name, words()).flatten();
            sent.filter(|text| !text.is_empty())
        });
        let client_uuid = text().or_blank().max(LONGEST_CLIENT_UUID);
        let client_uuid = fields.nullable("client_uuid", client_uuid).flatten();
        Self {
            body: body.unwrap_or_default(),
            client_uuid: client_uuid.filter(|name| !name.is_empty()),
            reply_to: key(fields, &["reply_to_message_id", "reply_to"]),
            files: attachments::read(fields),
        }
    }

    fn refusal(errors: Map<String, Value>) -> ApiError {
        ApiError::fields_in_detail(errors)
    }
}

/// See [`MessageInThreadBody`].
pub struct MessageInThread {
    thread: PrimaryKey,
    message: NewMessage,
}

impl Input for MessageInThread {
    const FILES: &'static [FileField] = NewMessage::FILES;

    fn read(fields: &mut Fields) -> Self {
        Self {
            thread: fields.required("thread", primary_key()),
            message: NewMessage::read(fields),
        }
    }

    fn refusal(errors: Map<String, Value>) -> ApiError {
        NewMessage::refusal(errors)
    }

    async fn look_up(&self, app: &App, fields: &mut Fields) -> Result<(), ApiError> {
        if fields.is_refused("thread") {
            return Ok(());
        }
        let text = "SELECT id FROM threads WHERE id = $1";
        let found = match self.thread.id {
            Some(id) => sql::ids(app.db().reader(), text, [id.into()]).await?,
            None => Vec::new(),
        };
        if found.is_empty() {
            fields.refuse::<()>("thread", &self.thread.does_not_exist());
        }
        Ok(())
    }
}

/// See [`MessageChangeBody`].
pub struct MessageChange(Option<String>);

impl Input for MessageChange {
    fn read(fields: &mut Fields) -> Self {
        Self(fields.optional("body", words()))
    }
}

/// The same with what cannot change.
pub struct MessageReplacement(MessageChange);

impl Input for MessageReplacement {
    fn read(fields: &mut Fields) -> Self {
        fields.required("thread", primary_key());
        fields.required("client_uuid", text().or_blank().max(LONGEST_CLIENT_UUID));
        Self(MessageChange::read(fields))
    }
}

/// Messages of one's threads, newest first.
#[utoipa::path(
    get, path = "/api/v1/messages/", tag = "messaging",
    params(
        ("thread" = Option<i64>, Query, description = "Only those of this thread"),
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "`created_at`, `id`, `-` before what descends"),
    ),
    responses((status = 200, body = Paginated<MessageView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    parameters: Parameters,
    paging: Paging,
) -> Result<Json<Paginated<MessageView>>, ApiError> {
    let thread = parameters.get("thread").map(str::trim).unwrap_or_default();
    let digits = thread.strip_prefix('-').unwrap_or(thread);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::field("thread", "Enter a number."));
    }
    // No thread has the id 0.
    let thread = (!thread.is_empty()).then(|| thread.parse().unwrap_or(0));
    let page = inbox::messages_page(&app, &viewer, thread, paging).await?;
    Ok(Json(page))
}

/// Sends a message. Sent again with the same `client_uuid`, it is the message that was sent first.
#[utoipa::path(
    post, path = "/api/v1/messages/", tag = "messaging", request_body = MessageInThreadBody,
    responses(
        (status = 201, body = MessageView), (status = 400, description = "Messages by field, below `detail`"),
        (status = 403, description = "Not a member, or one of the two has blocked the other"),
        (status = 429, description = "More than 60 messages in a minute"),
    )
)]
pub async fn create(
    State(app): State<App>,
    Sender(viewer): Sender,
    Body(input): Body<MessageInThread>,
) -> Result<(StatusCode, Json<MessageView>), ApiError> {
    let thread = input.thread.id.unwrap_or_default();
    let sent = messages::send(&app, &viewer, thread, input.message).await?;
    Ok((StatusCode::CREATED, Json(show(&app, &viewer, sent.id).await?)))
}

/// Sends a message into a thread. Sent again with the same `client_uuid`, it is the message that was sent first.
#[utoipa::path(
    post, path = "/api/v1/threads/{id}/messages/", tag = "messaging", params(("id" = i64, Path)), request_body = MessageBody,
    responses(
        (status = 201, body = MessageView), (status = 200, body = MessageView, description = "It had been sent"),
        (status = 400, description = "Messages by field, below `detail`"),
        (status = 403, description = "Not a member, or one of the two has blocked the other"),
        (status = 404, description = "No such thread"), (status = 429, description = "More than 60 messages in a minute"),
    )
)]
pub async fn send(
    State(app): State<App>,
    Sender(viewer): Sender,
    id: PathId,
    body: Result<Body<NewMessage>, ApiError>,
) -> Result<(StatusCode, Json<MessageView>), ApiError> {
    let id = id.of("Thread")?;
    let message = match body {
        Ok(Body(message)) => message,
        Err(error) => {
            // Whoever may not write here does not learn what is wrong with it.
            access::of_member(app.db().reader(), id, viewer.id).await?;
            return Err(error);
        }
    };
    let sent = messages::send(&app, &viewer, id, message).await?;
    let status = if sent.is_repeated {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(show(&app, &viewer, sent.id).await?)))
}

/// A message of a thread of one's own.
#[utoipa::path(
    get, path = "/api/v1/messages/{id}/", tag = "messaging", params(("id" = i64, Path)),
    responses((status = 200, body = MessageView), (status = 404, description = "No such message in one's threads"))
)]
pub async fn detail(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<MessageView>, ApiError> {
    let id = id.of("Message")?;
    access::message_of(app.db().reader(), id, viewer.id).await?;
    Ok(Json(show(&app, &viewer, id).await?))
}

/// Changes the text of one's own message.
#[utoipa::path(
    put, path = "/api/v1/messages/{id}/", tag = "messaging", params(("id" = i64, Path)), request_body = MessageChangeBody,
    responses(
        (status = 200, body = MessageView), (status = 400, description = "Messages by field"),
        (status = 403, description = "Somebody else's"), (status = 404, description = "No such message in one's threads"),
    )
)]
pub async fn replace(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    body: Result<Body<MessageReplacement>, ApiError>,
) -> Result<Json<MessageView>, ApiError> {
    let body = body.map(|Body(MessageReplacement(change))| change);
    apply(&app, &viewer, id, body).await
}

/// The same for the text alone.
#[utoipa::path(
    patch, path = "/api/v1/messages/{id}/", tag = "messaging", params(("id" = i64, Path)), request_body = MessageChangeBody,
    responses(
        (status = 200, body = MessageView), (status = 400, description = "Messages by field"),
        (status = 403, description = "Somebody else's"), (status = 404, description = "No such message in one's threads"),
    )
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    body: Result<Body<MessageChange>, ApiError>,
) -> Result<Json<MessageView>, ApiError> {
    apply(&app, &viewer, id, body.map(|Body(change)| change)).await
}

async fn apply(
    app: &App,
    viewer: &Viewer,
    id: PathId,
    change: Result<MessageChange, ApiError>,
) -> Result<Json<MessageView>, ApiError> {
    let id = id.of("Message")?;
    access::message_of(app.db().reader(), id, viewer.id).await?;
    let MessageChange(body) = change?;
    viewer.require_unrestricted()?;
    messages::edit(app, viewer, id, body.as_deref()).await?;
    Ok(Json(show(app, viewer, id).await?))
}

/// Removes one's own message for good, for everybody.
#[utoipa::path(
    delete, path = "/api/v1/messages/{id}/", tag = "messaging", params(("id" = i64, Path)),
    responses(
        (status = 204, description = "Removed"), (status = 403, description = "Somebody else's"),
        (status = 404, description = "No such message in one's threads"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    messages::delete(&app, &viewer, id.of("Message")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A message as a member of its thread sees it, or 404.
pub async fn show(app: &App, viewer: &Viewer, id: i64) -> Result<MessageView, ApiError> {
    messages_shown_to(app, Some(viewer), &[id])
        .await?
        .pop()
        .ok_or_else(|| ApiError::no_match("Message"))
}
