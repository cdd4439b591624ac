//! What this domain tells: itself, and whoever listens.

use platform::{id::UserId, outbox::DomainEvent};
use serde::{Deserialize, Serialize};

/// A notification that was made, or came back after it had been withdrawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    /// The notification.
    pub id: i64,
    /// Whose it is.
    pub user_id: UserId,
    /// Whether it is to be pushed to their devices.
    pub push: bool,
    /// Whether it is to be mailed.
    pub mail: bool,
}

/// People were told of something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notified {
    /// The `type` of the notifications.
    pub kind: String,
    /// The notifications.
    pub notifications: Vec<Told>,
}

impl DomainEvent for Notified {
    const NAME: &'static str = "notifications.notified";
}

/// How many notifications people have not read has changed otherwise than by new ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnreadChanged {
    /// Whose.
    pub user_ids: Vec<UserId>,
}

impl DomainEvent for UnreadChanged {
    const NAME: &'static str = "notifications.unread_changed";
}
