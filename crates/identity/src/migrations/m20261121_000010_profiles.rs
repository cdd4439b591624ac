//! Personal maps, the files of avatars, matching profiles.

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
            "CREATE TABLE personal_maps (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                first_name TEXT NOT NULL DEFAULT '',
                last_name TEXT NOT NULL DEFAULT '',
                birth_date DATE,
                birth_time TIME,
                birth_place_country TEXT NOT NULL DEFAULT '',
                birth_place_city TEXT NOT NULL DEFAULT '',
                avatar TEXT NOT NULL DEFAULT '',
                created_at TIMESTAMPTZ NOT NULL,
                updated_at TIMESTAMPTZ NOT NULL
            );
            CREATE TABLE avatars (
                key TEXT PRIMARY KEY,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at TIMESTAMPTZ NOT NULL
            );
            CREATE INDEX avatars_user ON avatars (user_id);
            CREATE TABLE matching_profiles (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                gender TEXT NOT NULL DEFAULT '',
                orientation TEXT NOT NULL DEFAULT '',
                relationship_goal TEXT NOT NULL DEFAULT 'unsure',
                core_values JSONB NOT NULL DEFAULT '[]',
                preferred_lifestyle JSONB NOT NULL DEFAULT '[]',
                attachment_style TEXT NOT NULL DEFAULT '',
                love_language JSONB NOT NULL DEFAULT '[]',
                birth_date DATE,
                birth_time TIME,
                birth_city TEXT NOT NULL DEFAULT '',
                birth_country TEXT NOT NULL DEFAULT '',
                birth_timezone TEXT NOT NULL DEFAULT '',
                birth_latitude DOUBLE PRECISION,
                birth_longitude DOUBLE PRECISION,
                created_at TIMESTAMPTZ NOT NULL,
                updated_at TIMESTAMPTZ NOT NULL
            );",
        )
        .await
    }
}
