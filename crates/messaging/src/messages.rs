//! Sending, changing and deleting messages.

use platform::{
    App,
    db::{Engine, Tx, list_of},
    http::{PrimaryKey, Viewer},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    access,
    attachments::{self, Sent, Stored},
    errors::MessagingError,
    events::{MessageDeleted, MessageEdited, MessageSent},
    held::{self, Held},
    publishing,
    screening::{self, Written},
    sql,
};

/// A message to be sent.
#[derive(Debug)]
pub struct NewMessage {
    pub body: String,
    /// What the sender's client knows it by: sent again, it is the same message.
    pub client_uuid: Option<String>,
    pub reply_to: Option<PrimaryKey>,
    /// The files, or what is wrong with them.
    pub files: Result<Vec<Sent>, &'static str>,
}

/// The row of a message to be written.
#[derive(Default)]
pub struct NewRow<'a> {
    pub body: &'a str,
    pub client_uuid: Option<&'a str>,
    pub reply_to: Option<i64>,
    pub stored: &'a [Stored],
}

/// What became of a message that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    pub id: i64,
    /// Whether it had been sent before.
    pub is_repeated: bool,
}

/// Sends a message into a thread of the viewer's, once for each `client_uuid`.
pub async fn send(
    app: &App,
    viewer: &Viewer,
    thread_id: i64,
    message: NewMessage,
) -> Result<Outcome, MessagingError> {
    let reader = app.db().reader();
    let standing = access::of_member(reader, thread_id, viewer.id).await?;
    let client_uuid = message.client_uuid.as_deref();
    let has_files = !matches!(&message.files, Ok(files) if files.is_empty());
    if standing.is_blocked || has_files {
        // What was stored before stays stored: neither a block nor the files of a repetition change that.
        if let Some(id) = sent_before(reader, thread_id, viewer.id, client_uuid).await? {
            return Ok(repeated(id));
        }
    }
    if standing.is_blocked {
        return Err(MessagingError::Blocked);
    }
    let files = message
        .files
        .map_err(|error| MessagingError::Attachment(error.to_owned()))?;
    let reply_to = replied_to(reader, thread_id, message.reply_to.as_ref()).await?;
    let stored = attachments::store(app, viewer.id, files).await?;
    let row = &NewRow {
        body: &message.body,
        client_uuid,
        reply_to,
        stored: &stored,
    };
    let (outcome, lease) = app
        .db()
        .write(|tx| async move {
            let mut held = held::hold(&tx, thread_id)
                .await?
                .ok_or(MessagingError::NoThread)?;
            if let Some(id) = sent_before(&tx, thread_id, viewer.id, client_uuid).await? {
                return Ok((repeated(id), None));
            }
            let id = write(app, &tx, &mut held, viewer.id, row).await?;
            let outcome = Outcome {
                id,
                is_repeated: false,
            };
            Ok::<_, MessagingError>((outcome, held.settle(&tx).await?))
        })
        .await?;
    publishing::begin(app, lease);
    let label = if outcome.is_repeated { "repeated" } else { "sent" };
    metrics::counter!("selflink_messages_total", "outcome" => label).increment(1);
    Ok(outcome)
}

fn repeated(id: i64) -> Outcome {
    Outcome {
        id,
        is_repeated: true,
    }
}

/// The message that the sender's client knows by this name, if it was sent.
async fn sent_before(
    on: &impl ConnectionTrait,
    thread_id: i64,
    sender: UserId,
    client_uuid: Option<&str>,
) -> Result<Option<i64>, DbErr> {
    let Some(client_uuid) = client_uuid else {
        return Ok(None);
    };
    let text = "SELECT id FROM messages WHERE thread_id = $1 AND sender_id = $2 AND client_uuid = $3";
    let values = [thread_id.into(), sender.0.into(), client_uuid.into()];
    let found = sql::ids(on, text, values).await?;
    Ok(found.first().copied())
}

/// The message that a new one of this thread replies to.
async fn replied_to(
    on: &impl ConnectionTrait,
    thread_id: i64,
    key: Option<&PrimaryKey>,
) -> Result<Option<i64>, MessagingError> {
    const FIELD: &str = "reply_to_message_id";
    let Some(key) = key else { return Ok(None) };
    let text = "SELECT thread_id FROM messages WHERE id = $1";
    let found = match key.id {
        Some(id) => sql::ids(on, text, [id.into()]).await?.first().copied(),
        None => None,
    };
    match found {
        Some(thread) if thread == thread_id => Ok(key.id),
        Some(_) => {
            let message = "Must reply within the same thread.".to_owned();
            Err(MessagingError::Field(FIELD, message))
        }
        None => Err(MessagingError::Field(FIELD, key.does_not_exist())),
    }
}

/// Writes a message into a thread that is held, and counts it; the caller has the thread settled. Returns its id.
pub async fn write(
    app: &App,
    tx: &Tx,
    held: &mut Held,
    sender: UserId,
    row: &NewRow<'_>,
) -> Result<i64, MessagingError> {
    let counted = "UPDATE thread_members SET own_count = own_count + 1 WHERE thread_id = $1 AND user_id = $2";
    if sql::execute(tx, counted, [held.id.into(), sender.0.into()]).await? == 0 {
        // The sender has left in this moment.
        return Err(MessagingError::NotMember);
    }
    let (id, at) = held.next_message(tx);
    let text = "INSERT INTO messages (id, thread_id, sender_id, reply_to_id, body, client_uuid, created_at, updated_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
    let values = [
        id.into(),
        held.id.into(),
        sender.0.into(),
        row.reply_to.into(),
        row.body.into(),
        row.client_uuid.into(),
        at.into(),
    ];
    sql::execute(tx, text, values).await?;
    if !row.stored.is_empty() {
        attachments::attach(tx, sender, id, row.stored).await?;
    }
    show(app, tx, id, sender, row.body).await?;
    tx.append(&MessageSent {
        message_id: id,
        thread_id: held.id,
        sender_id: sender,
    })
    .await?;
    Ok(id)
}

async fn show(app: &App, tx: &Tx, id: i64, author: UserId, text: &str) -> Result<(), DbErr> {
    screening::show(app, tx, &Written { id, author, text }).await
}

/// Changes the text of one's own message.
pub async fn edit(app: &App, viewer: &Viewer, id: i64, body: Option<&str>) -> Result<(), MessagingError> {
    let (thread_id, sender) = access::message_of(app.db().reader(), id, viewer.id).await?;
    if sender != viewer.id {
        return Err(MessagingError::NotYours);
    }
    let Some(body) = body else { return Ok(()) };
    app.db()
        .write(|tx| async move {
            held::hold(&tx, thread_id)
                .await?
                .ok_or(MessagingError::NoMessage)?;
            access::message_of(&tx, id, viewer.id).await?;
            let text = "UPDATE messages SET body = $2, updated_at = $3 WHERE id = $1 AND body <> $2";
            let values = [id.into(), body.into(), tx.now().into()];
            if sql::execute(&tx, text, values).await? == 0 {
                return Ok(());
            }
            show(app, &tx, id, viewer.id, body).await?;
            tx.append(&MessageEdited {
                message_id: id,
                thread_id,
                sender_id: viewer.id,
            })
            .await?;
            Ok(())
        })
        .await
}

/// Removes one's own message for good.
pub async fn delete(app: &App, viewer: &Viewer, id: i64) -> Result<(), MessagingError> {
    let (thread_id, sender) = access::message_of(app.db().reader(), id, viewer.id).await?;
    if sender != viewer.id {
        return Err(MessagingError::NotYours);
    }
    app.db()
        .write(|tx| async move {
            let mut held = held::hold(&tx, thread_id)
                .await?
                .ok_or(MessagingError::NoMessage)?;
            access::message_of(&tx, id, viewer.id).await?;
            remove(&tx, &mut held, sender, &[id]).await?;
            held.settle(&tx).await?;
            Ok(())
        })
        .await
}

/// Removes messages of one sender from a thread that is held, with what hangs on them, and puts the counters and marks of its
/// members right; the caller has the thread settled.
pub async fn remove(tx: &Tx, held: &mut Held, sender: UserId, ids: &[i64]) -> Result<(), DbErr> {
    let Some(first) = ids.iter().min() else {
        return Ok(());
    };
    let list = |placeholder: &str| Engine::of(tx).list(placeholder);
    let files = attachments::of(tx, &format!("m.id IN {}", list("$1")), list_of(ids)).await?;
    let seen = format!(
        "UPDATE thread_members SET seen_count = seen_count - (SELECT count(*) FROM messages x WHERE x.id IN {} \
         AND x.id <= thread_members.last_read_message_id) \
         WHERE thread_id = $2 AND user_id <> $3 AND last_read_message_id >= $4",
        list("$1")
    );
    let values = [list_of(ids), held.id.into(), sender.0.into(), (*first).into()];
    sql::execute(tx, seen, values).await?;
    let own = "UPDATE thread_members SET own_count = own_count - $1 WHERE thread_id = $2 AND user_id = $3";
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    sql::execute(tx, own, [count.into(), held.id.into(), sender.0.into()]).await?;
    let gone = format!("DELETE FROM messages WHERE id IN {}", list("$1"));
    sql::execute(tx, gone, [list_of(ids)]).await?;
    // A mark on what is gone moves to the message before: whatever was read stays read.
    let marks = format!(
        "UPDATE thread_members SET last_read_message_id = (SELECT max(x.id) FROM messages x \
         WHERE x.thread_id = thread_members.thread_id AND x.id < thread_members.last_read_message_id) \
         WHERE thread_id = $2 AND last_read_message_id IN {}",
        list("$1")
    );
    sql::execute(tx, marks, [list_of(ids), held.id.into()]).await?;
    held.message_count -= count;
    media::release(tx, &files).await?;
    for id in ids {
        tx.append(&MessageDeleted {
            message_id: *id,
            thread_id: held.id,
        })
        .await?;
    }
    Ok(())
}
