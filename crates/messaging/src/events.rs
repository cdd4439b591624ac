//! What this domain tells others. Each carries ids alone: whoever needs more reads it, as it is then.

use platform::{id::UserId, outbox::DomainEvent};
use serde::{Deserialize, Serialize};

/// A message was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MessageSent {
    /// The message.
    pub message_id: i64,
    /// Its thread.
    pub thread_id: i64,
    /// Who sent it.
    pub sender_id: UserId,
}

impl DomainEvent for MessageSent {
    const NAME: &'static str = "messaging.message_sent";
}

/// A message's text or standing changed; also when moderation took it away or gave it back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MessageEdited {
    /// The message.
    pub message_id: i64,
    /// Its thread.
    pub thread_id: i64,
    /// Who sent it.
    pub sender_id: UserId,
}

impl DomainEvent for MessageEdited {
    const NAME: &'static str = "messaging.message_edited";
}

/// A message is gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MessageDeleted {
    /// The message.
    pub message_id: i64,
    /// Its thread.
    pub thread_id: i64,
}

impl DomainEvent for MessageDeleted {
    const NAME: &'static str = "messaging.message_deleted";
}

/// Something is to be told to the members of a thread: the safety net for when whoever wrote it cannot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NoticesWaiting {
    /// The thread.
    pub thread_id: i64,
    /// The last of its notices.
    pub notice_id: i64,
}

impl DomainEvent for NoticesWaiting {
    const NAME: &'static str = "messaging.notices_waiting";
}
