//! Personal data in a table of its own, blocks and mutes, and where a session was opened from.

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
            "CREATE TABLE user_pii (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                email TEXT NOT NULL,
                email_key TEXT NOT NULL,
                birth_date DATE,
                birth_time TIME,
                birth_place TEXT NOT NULL DEFAULT ''
            );
            INSERT INTO user_pii (user_id, email, email_key, birth_date, birth_time, birth_place)
                SELECT id, email, email_key, birth_date, birth_time, birth_place FROM users;
            CREATE UNIQUE INDEX user_pii_email_key_unique ON user_pii (email_key);
            DROP INDEX users_email_key_unique;
            ALTER TABLE users DROP COLUMN email;
            ALTER TABLE users DROP COLUMN email_key;
            ALTER TABLE users DROP COLUMN birth_date;
            ALTER TABLE users DROP COLUMN birth_time;
            ALTER TABLE users DROP COLUMN birth_place;
            CREATE TABLE blocks (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                target_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at TIMESTAMPTZ NOT NULL,
                PRIMARY KEY (user_id, target_id)
            );
            CREATE INDEX blocks_newest ON blocks (user_id, created_at, target_id);
            CREATE INDEX blocks_target ON blocks (target_id, user_id);
            CREATE TABLE mutes (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                target_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at TIMESTAMPTZ NOT NULL,
                PRIMARY KEY (user_id, target_id)
            );
            CREATE INDEX mutes_newest ON mutes (user_id, created_at, target_id);
            CREATE INDEX mutes_target ON mutes (target_id, user_id);
            ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
            ALTER TABLE sessions ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';",
        )
        .await
    }
}
