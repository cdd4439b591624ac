//! What moderation does to messages, and what it sees of them.

use chrono::{DateTime, Utc};
use platform::{db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{events::MessageEdited, held, sql};

/// A message as moderation sees it, whoever may see it otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageContent {
    /// Its thread.
    pub thread_id: i64,
    /// Whose it is.
    pub sender_id: UserId,
    /// What it says.
    pub body: String,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// Since when it is taken away, if it is.
    pub removed_at: Option<DateTime<Utc>>,
}

/// A message; `None` if there is no such thing (any more).
pub async fn content(on: &impl ConnectionTrait, message_id: i64) -> Result<Option<MessageContent>, DbErr> {
    let text = "SELECT thread_id, sender_id, body, created_at, removed_at FROM messages WHERE id = $1";
    let row = sql::row(on, text, [message_id.into()]).await?;
    row.map(|row| {
        Ok(MessageContent {
            thread_id: row.try_get_by_index(0)?,
            sender_id: row.try_get_by_index(1)?,
            body: row.try_get_by_index(2)?,
            created_at: row.try_get_by_index(3)?,
            removed_at: row.try_get_by_index(4)?,
        })
    })
    .transpose()
}

/// Takes a message away: it stays in its place, without its text and files. Again changes nothing. Returns its sender, or `None`
/// if there is no such message.
pub async fn remove_message(tx: &Tx, id: i64) -> Result<Option<UserId>, DbErr> {
    set(tx, id, true).await
}

/// Gives a message back that was taken away.
pub async fn restore_message(tx: &Tx, id: i64) -> Result<Option<UserId>, DbErr> {
    set(tx, id, false).await
}

async fn set(tx: &Tx, id: i64, is_removed: bool) -> Result<Option<UserId>, DbErr> {
    let Some(found) = content(tx, id).await? else {
        return Ok(None);
    };
    if held::hold(tx, found.thread_id).await?.is_none() {
        return Ok(None);
    }
    // It may have gone, or been taken, while its thread was waited for.
    let Some(message) = content(tx, id).await? else {
        return Ok(None);
    };
    if message.removed_at.is_some() != is_removed {
        let text = "UPDATE messages SET removed_at = $2, updated_at = $3 WHERE id = $1";
        let values = [id.into(), is_removed.then(|| tx.now()).into(), tx.now().into()];
        sql::execute(tx, text, values).await?;
        tx.append(&MessageEdited {
            message_id: id,
            thread_id: message.thread_id,
            sender_id: message.sender_id,
        })
        .await?;
    }
    Ok(Some(message.sender_id))
}
