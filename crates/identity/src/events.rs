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

/// Somebody asked for a copy of their data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportRequested {
    /// Who.
    pub user_id: UserId,
}

impl DomainEvent for ExportRequested {
    const NAME: &'static str = "identity.export_requested";
}

/// Somebody asked to have their account deleted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeletionRequested {
    /// Who.
    pub user_id: UserId,
}

impl DomainEvent for DeletionRequested {
    const NAME: &'static str = "identity.deletion_requested";
}

/// An account is gone, with everything that belonged to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserDeleted {
    /// What its id was.
    pub user_id: UserId,
}

impl DomainEvent for UserDeleted {
    const NAME: &'static str = "identity.user_deleted";
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
