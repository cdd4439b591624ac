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
