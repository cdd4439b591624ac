//! Devices that get push messages.

use std::fmt;

use platform::id::UserId;
use sea_orm::entity::prelude::*;

/// What a push provider knows a device by. Whoever has it could address the device, so it is never shown in logs.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct PushToken(pub String);

impl fmt::Debug for PushToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushToken(…)")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "devices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub user_id: UserId,
    pub device_type: String,
    pub push_token: PushToken,
    /// When it was last registered or changed.
    pub last_seen: DateTimeUtc,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
