//! Who may look into a thread, and who may write into it.

use platform::id::UserId;
use sea_orm::{ConnectionTrait, DbErr};

use crate::{errors::MessagingError, sql};

/// How a member stands in a thread.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Whether the thread is not a group, and the member and somebody else in it have blocked one another.
    pub is_blocked: bool,
}

/// A condition in SQL: true if either of the two has blocked the other.
fn apart(one: &str, other: &str) -> String {
    format!(
        "(EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = {one} AND b.target_id = {other}) \
         OR EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = {other} AND b.target_id = {one}))"
    )
}

/// The standing of a member, or why there is none.
pub async fn of_member(
    on: &impl ConnectionTrait,
    thread_id: i64,
    user: UserId,
) -> Result<Standing, MessagingError> {
    let text = format!(
        "SELECT EXISTS (SELECT 1 FROM thread_members m WHERE m.thread_id = t.id AND m.user_id = $2), \
         NOT t.is_group AND EXISTS (SELECT 1 FROM thread_members o WHERE o.thread_id = t.id AND o.user_id <> $2 AND {}) \
         FROM threads t WHERE t.id = $1",
        apart("$2", "o.user_id")
    );
    let row = sql::row(on, text, [thread_id.into(), user.0.into()])
        .await?
        .ok_or(MessagingError::NoThread)?;
    if row.try_get_by_index::<bool>(0)? {
        Ok(Standing {
            is_blocked: row.try_get_by_index(1)?,
        })
    } else {
        Err(MessagingError::NotMember)
    }
}

/// The thread and the sender of a message in a thread of the viewer's.
pub async fn message_of(
    on: &impl ConnectionTrait,
    message_id: i64,
    viewer: UserId,
) -> Result<(i64, UserId), MessagingError> {
    let text = "SELECT m.thread_id, m.sender_id FROM messages m JOIN thread_members v ON v.thread_id = m.thread_id \
                AND v.user_id = $2 WHERE m.id = $1";
    let row = sql::row(on, text, [message_id.into(), viewer.0.into()])
        .await?
        .ok_or(MessagingError::NoMessage)?;
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// Whether somebody belongs to a thread.
pub async fn is_member(on: &impl ConnectionTrait, thread_id: i64, user: UserId) -> Result<bool, DbErr> {
    let text = "SELECT 1 FROM thread_members WHERE thread_id = $1 AND user_id = $2";
    Ok(sql::row(on, text, [thread_id.into(), user.0.into()])
        .await?
        .is_some())
}

/// The members of a thread, in the order in which they were named.
pub async fn members(on: &impl ConnectionTrait, thread_id: i64) -> Result<Vec<UserId>, DbErr> {
    let text = "SELECT user_id FROM thread_members WHERE thread_id = $1 ORDER BY id";
    let rows = sql::rows(on, text, [thread_id.into()]).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The other members of a thread, without those who have blocked the sender or whom the sender has blocked.
pub async fn recipients(
    on: &impl ConnectionTrait,
    thread_id: i64,
    sender: UserId,
) -> Result<Vec<UserId>, DbErr> {
    let text = format!(
        "SELECT o.user_id FROM thread_members o WHERE o.thread_id = $1 AND o.user_id <> $2 AND NOT {} ORDER BY o.id",
        apart("$2", "o.user_id")
    );
    let rows = sql::rows(on, text, [thread_id.into(), sender.0.into()]).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
