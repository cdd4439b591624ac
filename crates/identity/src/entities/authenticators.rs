//! Authenticator apps (TOTP), at most one per account.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "authenticators")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// Sealed; see `platform::auth::Seal`.
    pub secret: String,
    pub created_at: DateTimeUtc,
    /// When the first code was entered; until then it is not asked for.
    pub confirmed_at: Option<DateTimeUtc>,
    /// The step of the last code that was taken: that one and older ones are used up.
    pub last_step: i64,
    /// Wrong codes since `wrong_since`.
    pub wrong_codes: i64,
    pub wrong_since: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
