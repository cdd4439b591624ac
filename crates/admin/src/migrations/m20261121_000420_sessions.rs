//! Which cookies stand for which sessions.

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
            "CREATE TABLE admin_sessions (
                token_hash TEXT PRIMARY KEY,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
                expires_at TIMESTAMPTZ NOT NULL
            );
            CREATE INDEX admin_sessions_user ON admin_sessions (user_id);
            CREATE INDEX admin_sessions_session ON admin_sessions (session_id);
            CREATE INDEX admin_sessions_expiry ON admin_sessions (expires_at);",
        )
        .await
    }
}
