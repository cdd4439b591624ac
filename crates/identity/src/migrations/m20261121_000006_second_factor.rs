//! The second factor: authenticator apps, passkeys, recovery codes, challenges, and which sessions were opened with one.

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
            "CREATE TABLE authenticators (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                secret TEXT NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                confirmed_at TIMESTAMPTZ,
                last_step BIGINT NOT NULL DEFAULT 0,
                wrong_codes BIGINT NOT NULL DEFAULT 0,
                wrong_since TIMESTAMPTZ
            );
            CREATE TABLE recovery_codes (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                code_hash TEXT NOT NULL,
                PRIMARY KEY (user_id, code_hash)
            );
            CREATE TABLE passkeys (
                id BIGINT PRIMARY KEY,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                credential_id TEXT NOT NULL,
                credential JSONB NOT NULL,
                sign_count BIGINT NOT NULL,
                name TEXT NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                last_used_at TIMESTAMPTZ
            );
            CREATE UNIQUE INDEX passkeys_credential_id_unique ON passkeys (credential_id);
            CREATE INDEX passkeys_user ON passkeys (user_id, id);
            CREATE TABLE challenges (
                token_hash TEXT PRIMARY KEY,
                kind TEXT NOT NULL,
                user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
                state JSONB,
                attempts BIGINT NOT NULL DEFAULT 0,
                expires_at TIMESTAMPTZ NOT NULL
            );
            CREATE INDEX challenges_user ON challenges (user_id);
            CREATE INDEX challenges_expiry ON challenges (expires_at);
            ALTER TABLE sessions ADD COLUMN second_factor BOOLEAN NOT NULL DEFAULT FALSE;",
        )
        .await
    }
}
