//! Stored files, and the records that clients keep of media.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A file is listed before it is written, and until its row is gone: what a crash leaves is found by its row.
        // `attached_at` says since when something refers to it; without, it is removed after a day.
        create(
            manager,
            "CREATE TABLE media_files (
                id BIGINT PRIMARY KEY,
                owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                key TEXT NOT NULL,
                kind TEXT NOT NULL,
                mime TEXT NOT NULL,
                size BIGINT NOT NULL,
                width BIGINT,
                height BIGINT,
                duration DOUBLE PRECISION,
                checksum TEXT NOT NULL DEFAULT '',
                thumbnail_key TEXT,
                renditions JSONB NOT NULL,
                status TEXT NOT NULL,
                attached_at TIMESTAMPTZ,
                created_at TIMESTAMPTZ NOT NULL
            );
            CREATE UNIQUE INDEX media_files_key_unique ON media_files (key);
            CREATE INDEX media_files_owner ON media_files (owner_id);
            CREATE INDEX media_files_loose ON media_files (created_at) WHERE attached_at IS NULL;
            CREATE TABLE media_assets (
                id BIGINT PRIMARY KEY,
                owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                file_id BIGINT REFERENCES media_files (id) ON DELETE SET NULL,
                s3_key TEXT NOT NULL,
                mime TEXT NOT NULL,
                width BIGINT,
                height BIGINT,
                duration DOUBLE PRECISION,
                status TEXT NOT NULL DEFAULT 'pending',
                checksum TEXT NOT NULL DEFAULT '',
                meta JSONB NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                updated_at TIMESTAMPTZ NOT NULL
            );
            CREATE INDEX media_assets_owner ON media_assets (owner_id, created_at, id);
            CREATE INDEX media_assets_file ON media_assets (file_id);",
        )
        .await
    }
}
