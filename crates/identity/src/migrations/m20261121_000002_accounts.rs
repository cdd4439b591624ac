//! Accounts, their settings, sessions and groups, the follow graph.

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
            "CREATE TABLE users (
                id BIGINT PRIMARY KEY,
                email TEXT NOT NULL,
                email_key TEXT NOT NULL,
                handle TEXT NOT NULL,
                name TEXT NOT NULL,
                bio TEXT NOT NULL DEFAULT '',
                photo TEXT NOT NULL DEFAULT '',
                birth_date DATE,
                birth_time TIME,
                birth_place TEXT NOT NULL DEFAULT '',
                locale TEXT NOT NULL DEFAULT 'en-US',
                flags JSONB NOT NULL,
                password TEXT NOT NULL,
                is_active BOOLEAN NOT NULL DEFAULT TRUE,
                is_staff BOOLEAN NOT NULL DEFAULT FALSE,
                is_superuser BOOLEAN NOT NULL DEFAULT FALSE,
                followers_count BIGINT NOT NULL DEFAULT 0,
                following_count BIGINT NOT NULL DEFAULT 0,
                posts_count BIGINT NOT NULL DEFAULT 0,
                search_text TEXT NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                updated_at TIMESTAMPTZ NOT NULL
            );
            CREATE UNIQUE INDEX users_email_key_unique ON users (email_key);
            CREATE UNIQUE INDEX users_handle_unique ON users (handle);
            CREATE INDEX users_newest ON users (created_at, id);
            CREATE TABLE user_settings (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                privacy TEXT NOT NULL DEFAULT 'public',
                dm_policy TEXT NOT NULL DEFAULT 'everyone',
                language TEXT NOT NULL DEFAULT 'en',
                quiet_hours JSONB NOT NULL,
                push_enabled BOOLEAN NOT NULL DEFAULT TRUE,
                email_enabled BOOLEAN NOT NULL DEFAULT TRUE,
                digest_enabled BOOLEAN NOT NULL DEFAULT FALSE
            );
            CREATE TABLE sessions (
                id BIGINT PRIMARY KEY,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                refresh_jti TEXT NOT NULL,
                previous_jti TEXT NOT NULL DEFAULT '',
                created_at TIMESTAMPTZ NOT NULL,
                rotated_at TIMESTAMPTZ NOT NULL,
                expires_at TIMESTAMPTZ NOT NULL,
                revoked_at TIMESTAMPTZ
            );
            CREATE INDEX sessions_user ON sessions (user_id, created_at);
            CREATE INDEX sessions_expiry ON sessions (expires_at);
            CREATE TABLE user_groups (
                name TEXT PRIMARY KEY
            );
            CREATE TABLE group_members (
                group_name TEXT NOT NULL REFERENCES user_groups (name) ON DELETE CASCADE,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                PRIMARY KEY (group_name, user_id)
            );
            CREATE INDEX group_members_user ON group_members (user_id);
            CREATE TABLE follows (
                follower_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                followee_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at TIMESTAMPTZ NOT NULL,
                PRIMARY KEY (follower_id, followee_id)
            );
            CREATE INDEX follows_following ON follows (follower_id, created_at, followee_id);
            CREATE INDEX follows_followers ON follows (followee_id, created_at, follower_id);",
        )
        .await
    }
}
