//! What is told of messages: every one to every other member, across no block.

use messaging::{MessageDeleted, MessageEdited, MessageSent};
use platform::{App, outbox::Event};
use serde_json::{Map, json};

use super::{done, forget};
use crate::{
    kinds::Kind,
    notes::{Alert, Note, notify},
    words::excerpt,
};

/// What stands for a message that is pictures or a video alone.
const NO_WORDS: &str = "sent you an attachment";

/// A message has come.
pub async fn sent(app: App, event: Event) -> anyhow::Result<()> {
    let MessageSent {
        message_id,
        thread_id,
        sender_id,
    } = event.read()?;
    let write = app.db().write(|tx| async move {
        let message = messaging::content(&tx, message_id).await?;
        // It may be gone again, or taken away.
        let Some(message) = message.filter(|message| message.removed_at.is_none()) else {
            return Ok(());
        };
        let settings = identity::delivery_settings(&tx, &[sender_id]).await?;
        let Some(sender) = settings.get(&sender_id) else {
            return Ok(());
        };
        let text = excerpt(&message.body);
        let body = if text.is_empty() { NO_WORDS } else { &text };
        let data = Map::from_iter([
            ("thread_id".to_owned(), thread_id.into()),
            ("message_id".to_owned(), message_id.into()),
            ("sender_id".to_owned(), sender_id.0.into()),
            ("sender_name".to_owned(), sender.display_name().into()),
            ("text".to_owned(), text.as_str().into()),
        ]);
        let note = Note {
            kind: Kind::Message,
            recipients: messaging::recipients(&tx, thread_id, sender_id).await?,
            actor_id: Some(sender_id),
            payload: json!({ "thread_id": thread_id, "sender_id": sender_id }),
            alert: Some(Alert {
                title: sender.display_name().to_owned(),
                body: body.to_owned(),
                data,
            }),
            key: subject(message_id),
            subjects: vec![subject(message_id)],
            revision: event.id,
        };
        notify(&tx, &note).await.map(drop)
    });
    done(write).await
}

/// What moderation took away is told of no longer; a sender's correction leaves what was told as it is.
pub async fn edited(app: App, event: Event) -> anyhow::Result<()> {
    let MessageEdited { message_id, .. } = event.read()?;
    let message = messaging::content(app.db().reader(), message_id).await?;
    match message {
        Some(message) if message.removed_at.is_none() => Ok(()),
        _ => forget(&app, &subject(message_id)).await,
    }
}

/// A message is gone.
pub async fn deleted(app: App, event: Event) -> anyhow::Result<()> {
    let MessageDeleted { message_id, .. } = event.read()?;
    forget(&app, &subject(message_id)).await
}

fn subject(message_id: i64) -> String {
    format!("message:{message_id}")
}
