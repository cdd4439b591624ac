//! Messages.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use identity::UserView;
use platform::{
    App,
    db::{Engine, list_of},
    http::{Timestamp, Viewer},
    id::UserId,
};
use sea_orm::{DbErr, QueryResult};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::reactions::{ReactionView, Reactions, reactions_of};
use crate::sql;

/// Longest preview of what a message replies to, in characters; longer ones end in three dots.
const LONGEST_PREVIEW: usize = 120;

/// A message.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageView {
    pub id: i64,
    /// Its thread.
    pub thread: i64,
    pub sender: UserView,
    /// What it replies to; null if nothing, or if that is gone.
    #[schema(required = true)]
    pub reply_to: Option<ReplyView>,
    /// Empty when moderators have taken the message away.
    pub body: String,
    /// `text`
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[schema(value_type = Object)]
    pub meta: Map<String, Value>,
    /// `sent`, `delivered` or `read`.
    pub status: String,
    #[schema(required = true)]
    pub delivered_at: Option<Timestamp>,
    #[schema(required = true)]
    pub read_at: Option<Timestamp>,
    /// What its sender's client knows it by.
    #[schema(required = true)]
    pub client_uuid: Option<String>,
    pub created_at: Timestamp,
    pub attachments: Vec<AttachmentView>,
    pub reactions: Vec<ReactionView>,
}

/// What a message replies to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = MessageReply)]
pub struct ReplyView {
    pub id: String,
    pub sender_id: i64,
    /// The text, or how it begins.
    pub text_preview: String,
    pub has_attachments: bool,
}

/// A file of a message.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = MessageAttachment)]
pub struct AttachmentView {
    pub id: i64,
    /// A path on this host, or an absolute URL.
    pub url: String,
    /// `image` or `video`.
    #[serde(rename = "type")]
    pub kind: String,
    /// As its sender declared it.
    pub mime_type: String,
    /// In pixels.
    #[schema(required = true)]
    pub width: Option<i64>,
    #[schema(required = true)]
    pub height: Option<i64>,
    /// In seconds.
    #[schema(required = true)]
    pub duration: Option<f64>,
}

struct Row {
    id: i64,
    thread: i64,
    sender: UserId,
    body: String,
    status: String,
    delivered_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    client_uuid: Option<String>,
    created_at: DateTime<Utc>,
    is_removed: bool,
    reply_to: Option<ReplyView>,
}

/// The columns of a [`Row`], in its order.
const COLUMNS: &str = "m.id, m.thread_id, m.sender_id, CASE WHEN m.removed_at IS NULL THEN m.body ELSE '' END, m.status, \
     m.delivered_at, m.read_at, m.client_uuid, m.created_at, m.removed_at IS NOT NULL, r.id, r.sender_id, \
     CASE WHEN r.removed_at IS NULL THEN substr(r.body, 1, 121) ELSE '' END, \
     r.removed_at IS NULL AND EXISTS (SELECT 1 FROM message_attachments a WHERE a.message_id = r.id)";

impl Row {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let reply_to = match row.try_get_by_index::<Option<i64>>(10)? {
            Some(id) => Some(ReplyView {
                id: id.to_string(),
                sender_id: row.try_get_by_index(11)?,
                text_preview: preview(&row.try_get_by_index::<String>(12)?),
                has_attachments: row.try_get_by_index(13)?,
            }),
            None => None,
        };
        Ok(Self {
            id: row.try_get_by_index(0)?,
            thread: row.try_get_by_index(1)?,
            sender: row.try_get_by_index(2)?,
            body: row.try_get_by_index(3)?,
            status: row.try_get_by_index(4)?,
            delivered_at: row.try_get_by_index(5)?,
            read_at: row.try_get_by_index(6)?,
            client_uuid: row.try_get_by_index(7)?,
            created_at: row.try_get_by_index(8)?,
            is_removed: row.try_get_by_index(9)?,
            reply_to,
        })
    }
}

/// A text, or how it begins. Texts are kept trimmed.
fn preview(text: &str) -> String {
    if text.chars().count() <= LONGEST_PREVIEW {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST_PREVIEW - 3).collect();
    format!("{start}...")
}

/// The messages of these ids (a few hundred at most) as a member of their threads sees them, or as nobody in particular does;
/// in the order of the ids, without those that are gone. Costs five queries.
pub async fn messages_shown_to(
    app: &App,
    viewer: Option<&Viewer>,
    ids: &[i64],
) -> Result<Vec<MessageView>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let on = app.db().reader();
    let text = format!(
        "SELECT {COLUMNS} FROM {} i JOIN messages m ON m.id = i.id LEFT JOIN messages r ON r.id = m.reply_to_id",
        sql::id_table(Engine::of(on), "$1")
    );
    let rows = sql::rows(on, text, [list_of(ids)]).await?;
    let mut rows = rows.iter().map(Row::read).collect::<Result<Vec<_>, _>>()?;
    let place: HashMap<i64, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    rows.sort_by_key(|row| place.get(&row.id).copied());
    let senders: BTreeSet<UserId> = rows.iter().map(|row| row.sender).collect();
    let senders: Vec<UserId> = senders.into_iter().collect();
    let (users, mut attachments, mut reactions) = tokio::try_join!(
        identity::shown_to(on, viewer, &senders),
        attachments_of(app, ids),
        reactions_of(on, ids)
    )?;
    let views = rows.into_iter().filter_map(|row| {
        let sender = users.get(&row.sender)?.clone();
        let attachments = attachments.remove(&row.id).unwrap_or_default();
        let reactions = reactions.remove(&row.id).unwrap_or_default();
        Some(view(row, sender, attachments, &reactions, viewer))
    });
    Ok(views.collect())
}

fn view(
    row: Row,
    sender: UserView,
    attachments: Vec<AttachmentView>,
    reactions: &Reactions,
    viewer: Option<&Viewer>,
) -> MessageView {
    MessageView {
        id: row.id,
        thread: row.thread,
        sender,
        reply_to: row.reply_to,
        body: row.body,
        kind: "text",
        meta: Map::new(),
        status: row.status,
        delivered_at: row.delivered_at.map(Timestamp),
        read_at: row.read_at.map(Timestamp),
        client_uuid: row.client_uuid,
        created_at: Timestamp(row.created_at),
        attachments: if row.is_removed { Vec::new() } else { attachments },
        reactions: reactions.seen_by(viewer.map(|viewer| viewer.id)),
    }
}

async fn attachments_of(app: &App, messages: &[i64]) -> Result<HashMap<i64, Vec<AttachmentView>>, DbErr> {
    let on = app.db().reader();
    let text = format!(
        "SELECT message_id, file_id, kind, mime_type FROM message_attachments WHERE message_id IN {} \
         ORDER BY message_id, position",
        Engine::of(on).list("$1")
    );
    let rows = sql::rows(on, text, [list_of(messages)]).await?;
    let ids: Vec<i64> = rows
        .iter()
        .map(|row| row.try_get_by_index(1))
        .collect::<Result<_, _>>()?;
    let files = media::files(on, &ids).await?;
    let mut attachments: HashMap<i64, Vec<AttachmentView>> = HashMap::new();
    for (row, id) in rows.iter().zip(ids) {
        let Some(file) = files.get(&id) else { continue };
        attachments
            .entry(row.try_get_by_index(0)?)
            .or_default()
            .push(AttachmentView {
                id,
                url: app.storage().url(&file.key).await,
                kind: row.try_get_by_index(2)?,
                mime_type: row.try_get_by_index(3)?,
                width: file.width,
                height: file.height,
                duration: file.duration,
            });
    }
    Ok(attachments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_end_in_dots_when_they_are_cut() {
        assert_eq!(preview(&"é".repeat(120)), "é".repeat(120));
        assert_eq!(preview(&"é".repeat(121)), format!("{}...", "é".repeat(117)));
        assert_eq!(preview(""), "");
    }
}
