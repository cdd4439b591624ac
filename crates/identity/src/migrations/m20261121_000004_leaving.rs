//! Copies of one's own data, and the deletion of accounts.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            "ALTER TABLE users ADD COLUMN deletion_requested_at TIMESTAMPTZ;
            CREATE TABLE account_exports (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                requested_at TIMESTAMPTZ NOT NULL,
                ready_at TIMESTAMPTZ,
                document TEXT NOT NULL DEFAULT ''
            );
            CREATE INDEX account_exports_age ON account_exports (requested_at);",
        )
        .await
    }
}
