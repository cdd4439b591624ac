//! Stored files, the records that clients keep of media, and uploads on their way.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A file is listed before it is written, and until its row is gone: what a crash leaves is found by its row.
        // `loose_since` says since when nothing refers to it; it is removed after a day of that.
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
                checksum TEXT NOT NULL,
                renditions JSONB NOT NULL,
                status TEXT NOT NULL,
                loose_since TIMESTAMPTZ,
                created_at TIMESTAMPTZ NOT NULL
            );
            CREATE UNIQUE INDEX media_files_key_unique ON media_files (key);
            CREATE INDEX media_files_owner ON media_files (owner_id, id);
            CREATE INDEX media_files_loose ON media_files (loose_since, id) WHERE loose_since IS NOT NULL;
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
            CREATE INDEX media_assets_file ON media_assets (file_id);
            CREATE TABLE media_uploads (
                id BIGINT PRIMARY KEY,
                owner_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
                key TEXT NOT NULL,
                token_hash TEXT,
                file_name TEXT NOT NULL,
                mime TEXT NOT NULL,
                size BIGINT NOT NULL,
                state TEXT NOT NULL,
                expires_at TIMESTAMPTZ NOT NULL,
                created_at TIMESTAMPTZ NOT NULL
            );
            CREATE UNIQUE INDEX media_uploads_key_unique ON media_uploads (key);
            CREATE UNIQUE INDEX media_uploads_token_hash_unique ON media_uploads (token_hash);
            CREATE INDEX media_uploads_owner ON media_uploads (owner_id, state, expires_at);
            CREATE INDEX media_uploads_created ON media_uploads (created_at);",
        )
        .await
    }
}
