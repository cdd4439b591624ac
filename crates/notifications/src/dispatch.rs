//! What follows the commit: pushes and mails are handed to jobs, and the clients of those concerned are told.
//!
//! Nothing here is part of a request. What fails is repeated, and finds done what it has done; only telling clients is not,
//! as they read the list anyway.

use std::collections::HashMap;

use futures::FutureExt as _;
use platform::{
    App,
    id::UserId,
    outbox::{DomainEvent as _, Event, Subscription},
};
use serde_json::{Value, json};

use crate::{
    counters,
    events::{Notified, UnreadChanged},
    inbox::{self, Notification},
    kinds::Kind,
    letters,
    outcomes::count,
    push,
    views::NotificationView,
};

/// What this domain does with its own events.
pub fn subscriptions() -> Vec<Subscription> {
    vec![
        Subscription {
            event: Notified::NAME,
            subscriber: "notifications.dispatch",
            handle: |app, event| notified(app, event).boxed(),
        },
        Subscription {
            event: UnreadChanged::NAME,
            subscriber: "notifications.unread",
            handle: |app, event| unread_changed(app, event).boxed(),
        },
    ]
}

async fn notified(app: App, event: Event) -> anyhow::Result<()> {
    let Notified { kind, notifications } = event.read()?;
    let ids_of = |wanted: fn(&crate::events::Told) -> bool| {
        let wanted = notifications.iter().filter(move |told| wanted(told));
        wanted.map(|told| (told.id, told.user_id)).collect::<Vec<_>>()
    };
    push::enqueue(&app, &event, &ids_of(|told| told.push)).await?;
    for (id, _) in ids_of(|told| told.mail) {
        letters::enqueue(&app, id).await?;
    }
    // Last: what comes before may fail, and brings the event back.
    let ids: Vec<i64> = notifications.iter().map(|told| told.id).collect();
    let owners: HashMap<i64, UserId> = notifications.iter().map(|told| (told.id, told.user_id)).collect();
    // Of messages the clients are told by the messages themselves.
    let is_told = kind != Kind::Message.name();
    for notification in inbox::shown(app.db().reader(), &ids).await? {
        count(&kind, "in_app", "listed");
        if let Some(owner) = owners.get(&notification.id).filter(|_| is_told) {
            tell(&app, *owner, &new(notification)).await;
        }
    }
    Ok(())
}

fn new(notification: Notification) -> Value {
    json!({ "type": "notification:new", "payload": NotificationView::of(notification) })
}

async fn unread_changed(app: App, event: Event) -> anyhow::Result<()> {
    let UnreadChanged { user_ids } = event.read()?;
    for some in user_ids.chunks(500) {
        // As it is now: events may come late.
        for (user, unread) in counters::unread(app.db().reader(), some).await? {
            let message = json!({ "type": "notification:read", "payload": { "unread_count": unread } });
            tell(&app, user, &message).await;
        }
    }
    Ok(())
}

/// Tells the clients of an account that are connected.
async fn tell(app: &App, user: UserId, message: &Value) {
    if let Err(error) = realtime::publish_passing(app, &[user], message).await {
        tracing::warn!(%error, "a notification could not be published");
    }
}
