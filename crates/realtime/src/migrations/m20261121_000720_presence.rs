//! When people were connected last, and whether others are told.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Whoever has no row was never connected, and others are told.
        create(
            manager,
            "CREATE TABLE presence (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                is_shown BOOLEAN NOT NULL DEFAULT TRUE,
                last_seen_at TIMESTAMPTZ
            );",
        )
        .await
    }
}
