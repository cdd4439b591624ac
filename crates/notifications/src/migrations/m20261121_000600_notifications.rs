//! Notifications, how many of them are unread, who wants to be told of what, and what was pushed where.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // `state`: `shown`, `hidden` (wanted by push or mail, not in the list) or `withdrawn` (what it told of was taken
        // back; the row stays for a while, empty, so that the same is not pushed again when it is repeated).
        // `revision` is the id of the latest event about this key: an older one that arrives late changes nothing.
        // `alert` is what a push says when it is not made from type and payload.
        create(
            manager,
            "CREATE TABLE notifications (
                id BIGINT PRIMARY KEY,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                type TEXT NOT NULL,
                payload JSONB NOT NULL,
                is_read BOOLEAN NOT NULL DEFAULT FALSE,
                read_at TIMESTAMPTZ,
                created_at TIMESTAMPTZ NOT NULL,
                state TEXT NOT NULL DEFAULT 'shown',
                event_key TEXT,
                revision BIGINT NOT NULL DEFAULT 0,
                actor_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
                alert JSONB,
                mail_held BOOLEAN NOT NULL DEFAULT FALSE,
                mailed_at TIMESTAMPTZ
            );
            CREATE UNIQUE INDEX notifications_event_key_unique ON notifications (user_id, event_key);
            CREATE INDEX notifications_newest ON notifications (user_id, created_at, id) WHERE state = 'shown';
            CREATE INDEX notifications_by_read ON notifications (user_id, is_read, created_at, id) WHERE state = 'shown';
            CREATE INDEX notifications_by_type ON notifications (user_id, type, created_at, id) WHERE state = 'shown';
            CREATE INDEX notifications_actor ON notifications (actor_id) WHERE actor_id IS NOT NULL;
            CREATE INDEX notifications_done ON notifications (created_at) WHERE is_read OR state <> 'shown';
            CREATE INDEX notifications_held ON notifications (user_id) WHERE mail_held;
            CREATE INDEX notifications_mailed ON notifications (user_id, mailed_at) WHERE mailed_at IS NOT NULL;
            CREATE TABLE notification_subjects (
                subject TEXT NOT NULL,
                notification_id BIGINT NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
                PRIMARY KEY (subject, notification_id)
            );
            CREATE INDEX notification_subjects_notification ON notification_subjects (notification_id);
            CREATE TABLE notification_counters (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                unread BIGINT NOT NULL
            );
            CREATE TABLE notification_preferences (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                kind TEXT NOT NULL,
                in_app BOOLEAN NOT NULL,
                push BOOLEAN NOT NULL,
                email BOOLEAN NOT NULL,
                PRIMARY KEY (user_id, kind)
            );
            CREATE TABLE notification_digests (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                last_day TEXT NOT NULL
            );
            CREATE TABLE notification_pushes (
                id BIGINT PRIMARY KEY,
                notification_id BIGINT NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                device_id BIGINT NOT NULL,
                kind TEXT NOT NULL,
                status TEXT NOT NULL,
                is_deferred BOOLEAN NOT NULL DEFAULT FALSE,
                attempts BIGINT NOT NULL DEFAULT 0,
                due_at TIMESTAMPTZ NOT NULL,
                sent_at TIMESTAMPTZ,
                ticket TEXT,
                error TEXT NOT NULL DEFAULT ''
            );
            CREATE UNIQUE INDEX notification_pushes_device_unique ON notification_pushes (notification_id, device_id);
            CREATE INDEX notification_pushes_due ON notification_pushes (status, due_at, id);
            CREATE INDEX notification_pushes_user ON notification_pushes (user_id);",
        )
        .await
    }
}
