//! The chain of events, and its head.

use platform::db::{append_only, create};
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Of accounts only the id, without a foreign key: it is part of the hash, and outlives the account. Metadata is
        // the very text that was hashed: JSONB would reorder its keys.
        create(
            manager,
            "CREATE TABLE audit_events (
                sequence BIGINT PRIMARY KEY,
                id TEXT NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                actor_user_id BIGINT,
                actor_ip TEXT,
                action TEXT NOT NULL,
                object_type TEXT NOT NULL,
                object_id TEXT NOT NULL,
                metadata TEXT NOT NULL,
                hash_prev TEXT NOT NULL,
                hash_self TEXT NOT NULL,
                event_id BIGINT
            );
            CREATE UNIQUE INDEX audit_events_id_unique ON audit_events (id);
            CREATE UNIQUE INDEX audit_events_hash_prev_unique ON audit_events (hash_prev);
            CREATE UNIQUE INDEX audit_events_hash_self_unique ON audit_events (hash_self);
            CREATE UNIQUE INDEX audit_events_event_id_unique ON audit_events (event_id);
            CREATE INDEX audit_events_newest ON audit_events (created_at, id);
            CREATE INDEX audit_events_action ON audit_events (action, created_at, id);
            CREATE INDEX audit_events_object ON audit_events (object_type, object_id, created_at, id);
            CREATE INDEX audit_events_object_id ON audit_events (object_id, created_at, id);
            CREATE INDEX audit_events_actor ON audit_events (actor_user_id, created_at, id);
            CREATE TABLE audit_head (
                only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
                sequence BIGINT NOT NULL,
                hash TEXT NOT NULL,
                created_at TIMESTAMPTZ NOT NULL
            );",
        )
        .await?;
        append_only(manager, "audit_events").await
    }
}
