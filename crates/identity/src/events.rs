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

/// What happened to a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorChange {
    /// An authenticator app was switched on.
    TotpAdded,
    /// The authenticator app was switched off.
    TotpRemoved,
    /// A passkey was registered.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A recovery code was used in place of the factor.
    RecoveryCodeUsed,
    /// New recovery codes took the place of the old ones.
    RecoveryCodesMade,
    /// An operator removed every factor.
    Reset,
}

/// The second factor of an account changed, or a recovery code was used: its owner should hear of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecondFactorChanged {
    /// Whose.
    pub user_id: UserId,
    /// What happened.
    pub change: FactorChange,
}

impl DomainEvent for SecondFactorChanged {
    const NAME: &'static str = "identity.second_factor_changed";
}
