//! Facts of the instance, node leases, the outbox, schedules, feature flags.

use sea_orm_migration::prelude::*;

use crate::db::create;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            "CREATE TABLE instance (
                name TEXT PRIMARY KEY,
                value TEXT NOT NULL
            );
            CREATE TABLE node_leases (
                node BIGINT PRIMARY KEY,
                holder TEXT NOT NULL,
                expires_at BIGINT NOT NULL,
                used_until BIGINT NOT NULL
            );
            CREATE TABLE outbox (
                id BIGINT PRIMARY KEY,
                name TEXT NOT NULL,
                payload JSONB NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                attempts INTEGER NOT NULL DEFAULT 0,
                due_at BIGINT NOT NULL DEFAULT 0,
                last_error TEXT NOT NULL DEFAULT ''
            );
            CREATE INDEX outbox_due ON outbox (due_at, id);
            CREATE TABLE schedule_slots (
                schedule TEXT PRIMARY KEY,
                slot BIGINT NOT NULL
            );
            CREATE TABLE leaders (
                duty TEXT PRIMARY KEY,
                holder TEXT NOT NULL,
                expires_at BIGINT NOT NULL
            );
            CREATE TABLE feature_flags (
                id BIGINT PRIMARY KEY,
                key TEXT NOT NULL,
                description TEXT NOT NULL DEFAULT '',
                enabled BOOLEAN NOT NULL DEFAULT FALSE,
                rollout BIGINT NOT NULL DEFAULT 0,
                created_at TIMESTAMPTZ NOT NULL,
                updated_at TIMESTAMPTZ NOT NULL
            );
            CREATE UNIQUE INDEX feature_flags_key_unique ON feature_flags (key);",
        )
        .await
    }
}
