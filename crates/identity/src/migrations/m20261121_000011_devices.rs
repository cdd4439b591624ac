//! Devices that get push messages.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A token names one device, and a device has one owner at a time: unique without the user.
        create(
            manager,
            "CREATE TABLE devices (
                id BIGINT PRIMARY KEY,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                device_type TEXT NOT NULL,
                push_token TEXT NOT NULL,
                last_seen TIMESTAMPTZ NOT NULL,
                created_at TIMESTAMPTZ NOT NULL
            );
            CREATE UNIQUE INDEX devices_push_token_unique ON devices (push_token);
            CREATE INDEX devices_user ON devices (user_id, created_at, id);",
        )
        .await
    }
}
