//! Accounts that moderation has suspended or restricted.

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
            "ALTER TABLE users ADD COLUMN suspended_until TIMESTAMPTZ;
            ALTER TABLE users ADD COLUMN suspension_reason TEXT NOT NULL DEFAULT '';
            ALTER TABLE users ADD COLUMN restricted_until TIMESTAMPTZ;",
        )
        .await
    }
}
