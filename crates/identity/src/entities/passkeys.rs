//! Passkeys (`WebAuthn` credentials).

use platform::id::UserId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkeys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub user_id: UserId,
    /// What the authenticator calls it, in base64url.
    pub credential_id: String,
    /// Public key, counter and flags.
    pub credential: Json,
    /// The authenticator's counter at the last use; 0 of authenticators that do not count.
    pub sign_count: i64,
    /// What the owner calls it.
    pub name: String,
    pub created_at: DateTimeUtc,
    pub last_used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
