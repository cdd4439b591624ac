//! One-time tokens, and whether an address is verified.

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
            "ALTER TABLE user_pii ADD COLUMN email_verified_at TIMESTAMPTZ;
            CREATE TABLE one_time_tokens (
                hash TEXT PRIMARY KEY,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                purpose TEXT NOT NULL,
                detail TEXT NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                expires_at TIMESTAMPTZ NOT NULL
            );
            CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id, purpose);
            CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at);",
        )
        .await
    }
}
