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

/// An account's password was changed by its owner, or set anew with a mail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// Whose.
    pub user_id: UserId,
}

impl DomainEvent for PasswordChanged {
    const NAME: &'static str = "identity.password_changed";
}

/// Somebody asked for a mail with which a new password can be set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PasswordResetRequested {
    /// Whose; nobody's when no account has the address, or it has had its share of mails.
    pub user_id: Option<UserId>,
}

impl DomainEvent for PasswordResetRequested {
    const NAME: &'static str = "identity.password_reset_requested";
}

/// The owner of an account asked for a mail with which its address can be verified.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EmailVerificationRequested {
    /// Whose.
    pub user_id: UserId,
}

impl DomainEvent for EmailVerificationRequested {
    const NAME: &'static str = "identity.email_verification_requested";
}

/// The owner of an account asked to change its address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EmailChangeRequested {
    /// Whose.
    pub user_id: UserId,
    /// The row that holds the new address; none when that address has had its share of mails.
    pub request: Option<String>,
}

impl DomainEvent for EmailChangeRequested {
    const NAME: &'static str = "identity.email_change_requested";
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

/// Somebody began to follow somebody.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Followed {
    /// Who follows.
    pub follower_id: UserId,
    /// Who is followed.
    pub followee_id: UserId,
}

impl DomainEvent for Followed {
    const NAME: &'static str = "identity.followed";
}

/// Somebody follows somebody no longer: by choice, or because one of them has blocked the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Unfollowed {
    /// Who followed.
    pub follower_id: UserId,
    /// Who was followed.
    pub followee_id: UserId,
}

impl DomainEvent for Unfollowed {
    const NAME: &'static str = "identity.unfollowed";
}
