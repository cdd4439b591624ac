//! What this domain tells others.

use platform::{id::UserId, outbox::DomainEvent};
use serde::{Deserialize, Serialize};

use crate::entities::{appeals::AppealStatus, enforcements::Action, reports::Target};

/// Moderators have decided against an account or its words.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enforced {
    /// The decision.
    pub enforcement_id: i64,
    /// Whom it concerns.
    pub user_id: UserId,
    /// What it is.
    pub action: Action,
    /// What it is about.
    pub target_type: Target,
    /// Which.
    pub target_id: i64,
}

impl DomainEvent for Enforced {
    const NAME: &'static str = "moderation.enforced";
}

/// A decision was lifted before its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lifted {
    /// The decision.
    pub enforcement_id: i64,
    /// Whom it concerned.
    pub user_id: UserId,
}

impl DomainEvent for Lifted {
    const NAME: &'static str = "moderation.lifted";
}

/// An appeal was decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AppealDecided {
    /// The appeal.
    pub appeal_id: i64,
    /// Against which decision.
    pub enforcement_id: i64,
    /// Who had appealed.
    pub user_id: UserId,
    /// What became of it.
    pub status: AppealStatus,
}

impl DomainEvent for AppealDecided {
    const NAME: &'static str = "moderation.appeal_decided";
}
