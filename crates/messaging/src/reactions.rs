//! Emoji on messages.

use std::collections::BTreeMap;

use platform::{App, db::Tx, http::Viewer, id::UserId};
use sea_orm::DbErr;
use serde_json::{Map, Value, json};

use crate::{
    access,
    errors::MessagingError,
    held::{self, Held, NewNotice},
    publishing, sql,
    views::{Reactions, reactions_of},
};

/// Longest emoji, in code points: some are put together of many.
pub const LONGEST_EMOJI: usize = 16;
/// Most emoji that one person may give a message.
const MOST_OF_ONE: usize = 50;

/// What a toggle did.
pub struct Toggled {
    pub is_added: bool,
    pub reactions: Reactions,
}

/// The reactions to a message of a thread of the viewer's.
pub async fn of(app: &App, viewer: &Viewer, id: i64) -> Result<Reactions, MessagingError> {
    let reader = app.db().reader();
    access::message_of(reader, id, viewer.id).await?;
    Ok(reactions_of(reader, &[id]).await?.remove(&id).unwrap_or_default())
}

/// Gives a message an emoji, or takes it back.
pub async fn toggle(app: &App, viewer: &Viewer, id: i64, emoji: &str) -> Result<Toggled, MessagingError> {
    let (thread_id, _) = access::message_of(app.db().reader(), id, viewer.id).await?;
    let (toggled, lease) = app
        .db()
        .write(|tx| async move {
            let mut held = held::hold(&tx, thread_id)
                .await?
                .ok_or(MessagingError::NoMessage)?;
            access::message_of(&tx, id, viewer.id).await?;
            let is_added = set(&tx, viewer.id, id, emoji).await?;
            let reactions = reactions_of(&tx, &[id]).await?.remove(&id).unwrap_or_default();
            if reactions.given_by(viewer.id) > MOST_OF_ONE {
                return Err(MessagingError::Invalid("too many reactions to this message"));
            }
            let toggled = Toggled { is_added, reactions };
            tell(&tx, &mut held, (viewer.id, id, emoji), &toggled).await?;
            Ok::<_, MessagingError>((toggled, held.settle(&tx).await?))
        })
        .await?;
    publishing::begin(app, lease);
    Ok(toggled)
}

/// Whether it is given now.
async fn set(tx: &Tx, user: UserId, message_id: i64, emoji: &str) -> Result<bool, DbErr> {
    let text = "DELETE FROM message_reactions WHERE message_id = $1 AND user_id = $2 AND emoji = $3";
    let values = [message_id.into(), user.0.into(), emoji.into()];
    if sql::execute(tx, text, values).await? > 0 {
        return Ok(false);
    }
    let text = "INSERT INTO message_reactions (id, message_id, user_id, emoji, created_at) VALUES ($1, $2, $3, $4, $5)";
    let values = [
        tx.next_id().into(),
        message_id.into(),
        user.0.into(),
        emoji.into(),
        tx.now().into(),
    ];
    sql::execute(tx, text, values).await?;
    Ok(true)
}

/// Tells everybody the totals as they see them: one notice for all who see the same.
async fn tell(
    tx: &Tx,
    held: &mut Held,
    (actor, message_id, emoji): (UserId, i64, &str),
    toggled: &Toggled,
) -> Result<(), DbErr> {
    let action = if toggled.is_added { "added" } else { "removed" };
    let (message, thread) = (message_id.to_string(), held.id.to_string());
    let mut variants: BTreeMap<String, (Value, Vec<i64>)> = BTreeMap::new();
    for member in access::members(tx, held.id).await? {
        let seen = toggled.reactions.seen_by(Some(member));
        let totals = seen.iter().map(|reaction| {
            json!({
                "emoji": reaction.emoji, "count": reaction.count,
                "reactedByCurrentUser": reaction.reacted_by_current_user,
                "reacted_by_current_user": reaction.reacted_by_current_user,
            })
        });
        let totals: Value = totals.collect();
        let variant = variants.entry(totals.to_string());
        variant.or_insert_with(|| (totals, Vec::new())).1.push(member.0);
    }
    for (totals, to) in variants.into_values() {
        let frame = json!({
            "type": "message:reaction",
            "message_id": message, "thread_id": thread, "emoji": emoji, "action": action, "user_id": actor.0,
            "reactions": totals,
            "payload": {
                "message_id": message, "thread": thread, "emoji": emoji, "user_id": actor.0, "action": action,
            },
        });
        let frame: Map<String, Value> = frame.as_object().cloned().unwrap_or_default();
        held.tell(
            tx,
            NewNotice {
                actor: Some(actor),
                to: Some(to),
                frame,
            },
        );
    }
    Ok(())
}
