//! Push messages: a row for each notification and device, written before anything is sent, so that nothing is sent twice.
//!
//! A row is `pending` until it is taken (`sending`), then `sent` with a ticket until its receipt is there, and ends as
//! `delivered`, `failed`, `dropped` (it was not wanted any more) or `unknown` (the service may have it or not; it is not
//! sent again).

mod expo;
mod messages;
mod receipts;
mod sending;
mod store;

use std::sync::Arc;

use platform::{App, id::UserId, jobs::Enqueue, outbox::Event};
use sea_orm::DbErr;

pub use receipts::FetchReceipts;
pub use sending::SendPushes;

use crate::settings::PushService;

/// The service, if push messages are sent at all.
fn service(app: &App) -> Option<Arc<PushService>> {
    let service = app.settings::<PushService>()?;
    let is_enabled = service.settings.enabled.unwrap_or(app.config().is_production());
    is_enabled.then_some(service)
}

/// Has notifications (each with its owner) pushed to the devices of their owners.
pub async fn enqueue(app: &App, event: &Event, notifications: &[(i64, UserId)]) -> anyhow::Result<()> {
    if notifications.is_empty() || service(app).is_none() {
        return Ok(());
    }
    let owners: Vec<UserId> = notifications.iter().map(|(_, owner)| *owner).collect();
    let mut devices = identity::devices_of(app.db().reader(), &owners).await?;
    devices.retain(|device| expo::is_token(&device.push_token.0));
    if devices.is_empty() {
        return Ok(());
    }
    let devices = &devices;
    app.db()
        .write(|tx| async move {
            for (notification, owner) in notifications {
                let own = devices.iter().filter(|device| device.user_id == *owner);
                store::add(&tx, *notification, own).await?;
            }
            Ok::<_, DbErr>(())
        })
        .await?;
    let options = Enqueue {
        key: Some(event.id.to_string()),
        run_at: None,
    };
    app.jobs().enqueue(&SendPushes {}, options).await
}
