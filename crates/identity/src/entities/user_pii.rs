//! Personal data of accounts, which only they themselves and staff see.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_pii")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// As given; the domain in lower case.
    pub email: String,
    /// The address in lower case: what is unique, and what sign-in looks for.
    pub email_key: String,
    /// When the owner proved to have the mailbox.
    pub email_verified_at: Option<DateTimeUtc>,
    pub birth_date: Option<Date>,
    pub birth_time: Option<Time>,
    pub birth_place: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
