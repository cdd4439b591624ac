//! Enforcements: what moderators have decided against an account or its words.

use chrono::{DateTime, Utc};
use platform::id::UserId;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reports::Target;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enforcements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub target_type: Target,
    pub target_id: i64,
    /// Whom it concerns: the account, or the author of the words.
    pub user_id: UserId,
    pub action: Action,
    pub reason: String,
    /// Never: until it is lifted.
    pub expires_at: Option<DateTimeUtc>,
    /// The report that led to it.
    pub report_id: Option<i64>,
    /// Nobody: an operator, or somebody whose account is gone.
    pub enforced_by: Option<UserId>,
    pub lifted_at: Option<DateTimeUtc>,
    pub lifted_by: Option<UserId>,
    pub created_at: DateTimeUtc,
}

impl Model {
    /// Whether it has neither been lifted nor come to its end.
    pub fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        self.lifted_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

/// What moderators do.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    EnumIter,
    DeriveActiveEnum,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = EnforcementAction)]
pub enum Action {
    /// Tells the account; nothing else.
    #[default]
    Warn,
    /// The account cannot be used for a while.
    Suspend,
    /// The account cannot be used.
    Ban,
    /// The account may read, but not write.
    Restrict,
    /// The words are taken away from everyone's sight.
    Remove,
}

impl Action {
    /// Whether it is taken against the account as a whole, and not against single words of it.
    pub fn is_about_account(self) -> bool {
        matches!(self, Action::Suspend | Action::Ban | Action::Restrict)
    }

    /// Whether the account cannot be signed in to.
    pub fn shuts_out(self) -> bool {
        matches!(self, Action::Suspend | Action::Ban)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
