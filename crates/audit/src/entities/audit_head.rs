//! Where the chain ends. One row, locked by whoever appends.

use sea_orm::entity::prelude::*;

/// The key of the one row.
pub const ROW: i64 = 1;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub only_row: i64,
    /// That of the last event; 0 before the first.
    pub sequence: i64,
    /// `hash_self` of the last event; empty before the first.
    pub hash: String,
    /// That of the last event.
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
