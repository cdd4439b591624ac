//! Personal maps, at most one per account: name, birth and picture as their owner gave them.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "personal_maps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub first_name: String,
    pub last_name: String,
    pub birth_date: Option<Date>,
    pub birth_time: Option<Time>,
    pub birth_place_country: String,
    pub birth_place_city: String,
    /// The key of the file in the storage; empty without one.
    pub avatar: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
