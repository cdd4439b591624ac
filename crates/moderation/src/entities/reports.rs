//! Reports: what somebody, or the list of banned words, wants moderators to look at.

use platform::id::UserId;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub reporter_id: UserId,
    pub target_type: Target,
    pub target_id: i64,
    /// Whose the target is, where it is known.
    pub subject_id: Option<UserId>,
    pub reason: String,
    pub status: Status,
    pub notes: String,
    /// Made by the list of banned words; its reporter is the author.
    pub is_automatic: bool,
    /// The words of the target when it was reported; blank where there are none.
    pub snapshot: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

/// What can be reported.
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
#[schema(as = ReportTarget)]
pub enum Target {
    /// An account.
    #[default]
    User,
    /// A post.
    Post,
    /// A comment.
    Comment,
    /// A message.
    Message,
}

/// How far a report is.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    ToSchema,
    EnumIter,
    DeriveActiveEnum,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportStatus)]
pub enum Status {
    /// Nobody has looked at it.
    #[default]
    Open,
    /// Somebody is looking at it.
    InReview,
    /// Something was done.
    Resolved,
    /// Nothing had to be done.
    Dismissed,
}

impl Status {
    /// Whether moderators are done with it.
    pub fn is_closed(self) -> bool {
        matches!(self, Status::Resolved | Status::Dismissed)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
