//! Identities at other providers.

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
            "CREATE TABLE social_accounts (
                id BIGINT PRIMARY KEY,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                provider TEXT NOT NULL,
                uid TEXT NOT NULL,
                login TEXT NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                updated_at TIMESTAMPTZ NOT NULL
            );
            CREATE UNIQUE INDEX social_accounts_provider_uid_unique ON social_accounts (provider, uid);
            CREATE UNIQUE INDEX social_accounts_user_id_provider_unique ON social_accounts (user_id, provider);",
        )
        .await
    }
}
