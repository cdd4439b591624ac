//! Sessions: one per sign-in, each a family of refresh tokens of which one is current.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub user_id: UserId,
    /// The name (`jti`) of the refresh token that may be used.
    pub refresh_jti: String,
    /// The name of the one before it: accepted for a moment, for a client that lost the answer.
    pub previous_jti: String,
    pub created_at: DateTimeUtc,
    pub rotated_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub revoked_at: Option<DateTimeUtc>,
    /// The address from which it was opened or last refreshed.
    pub address: String,
    /// What the client said of itself then.
    pub user_agent: String,
    /// Whether it was opened with a second factor, or with a passkey.
    pub second_factor: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
