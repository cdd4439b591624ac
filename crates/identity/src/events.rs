//! What this domain tells others.

use platform::{id::UserId, outbox::DomainEvent};
use serde::{Deserialize, Serialize};

/// An account was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserRegistered {
    /// Whose.
    pub user_id: UserId,
}

impl DomainEvent for UserRegistered {
    const NAME: &'static str = "identity.user_registered";
}

/// An account's profile, settings or standing changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserChanged {
    /// Whose.
    pub user_id: UserId,
}

impl DomainEvent for UserChanged {
    const NAME: &'static str = "identity.user_changed";
}

/// Sessions ended before their time: by signing out, by their owner, or because a used refresh token came again. Requests
/// are refused without this event; connections that stay open must be closed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionsEnded {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub sessions: Vec<i64>,
}

impl DomainEvent for SessionsEnded {
    const NAME: &'static str = "identity.sessions_ended";
}

/// A new avatar took the place of another, whose file is of no use any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AvatarReplaced {
    /// The key of the old file in the storage.
    pub key: String,
}

impl DomainEvent for AvatarReplaced {
    const NAME: &'static str = "identity.avatar_replaced";
}
