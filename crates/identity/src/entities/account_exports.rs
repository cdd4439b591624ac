//! Copies of one's own data: at most one per account.

use std::fmt;

use platform::id::UserId;
use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_exports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub requested_at: DateTimeUtc,
    pub ready_at: Option<DateTimeUtc>,
    /// The JSON text; empty until it is ready.
    pub document: String,
}

// The document holds everything about somebody.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("user_id", &self.user_id)
            .field("ready_at", &self.ready_at)
            .finish_non_exhaustive()
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
