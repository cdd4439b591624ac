//! How a notification looks in answers and in realtime messages.

use platform::http::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::inbox::Notification;

/// A notification.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub struct NotificationView {
    id: i64,
    /// `like`, `comment`, `reply`, `mention`, `repost`, `follow`, `message:new`, `moderation`, or what a client has made up.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 64)]
    kind: String,
    /// By type; ids in it are numbers.
    #[schema(value_type = Object)]
    payload: Value,
    is_read: bool,
    created_at: Timestamp,
    #[schema(required = true)]
    read_at: Option<Timestamp>,
}

impl NotificationView {
    pub fn of(notification: Notification) -> Self {
        Self {
            id: notification.id,
            kind: notification.kind,
            payload: notification.payload,
            is_read: notification.is_read,
            created_at: Timestamp(notification.created_at),
            read_at: notification.read_at.map(Timestamp),
        }
    }
}
