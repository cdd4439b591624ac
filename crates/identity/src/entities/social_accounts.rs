//! Identities at other providers that sign in to an account.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

use crate::social::Provider;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "social_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub user_id: UserId,
    pub provider: Provider,
    /// The provider's own id of them.
    pub uid: String,
    /// Their public name there, as of the last sign-in; blank where there are no such names.
    pub login: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
