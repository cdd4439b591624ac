//! The events of the chain.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    /// 1, 2, 3 …: the order of the chain.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// A random UUID.
    pub id: String,
    /// Later than that of the event before.
    pub created_at: DateTimeUtc,
    /// Stays when the account goes.
    pub actor_user_id: Option<UserId>,
    pub actor_ip: Option<String>,
    pub action: String,
    pub object_type: String,
    pub object_id: String,
    /// A JSON object, in its canonical form.
    pub metadata: String,
    /// `hash_self` of the event before; empty for the first.
    pub hash_prev: String,
    pub hash_self: String,
    /// The outbox event that told of it: one that is delivered again is recognised.
    pub event_id: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
