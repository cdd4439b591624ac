//! Threads, their members and messages, and what is to be told of them.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// Threads and their members.
///
/// `direct_key` is `low:high` of the two people of a direct thread, so that a pair has one; null for all others, and when one of
/// the two has left. `newest_id` and `newest_at` are those of the newest message there ever was: further ones are greater, also
/// when the clock of their process is behind. `publisher` is who is telling the thread's notices, until `publishing_until`, in
/// milliseconds since 1970. A member has not read `message_count - own_count - seen_count` messages: of the thread's, those
/// that are not their own and not up to their mark.
const THREADS: &str = "CREATE TABLE threads (
    id BIGINT PRIMARY KEY,
    is_group BOOLEAN NOT NULL DEFAULT FALSE,
    title TEXT NOT NULL DEFAULT '',
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    direct_key TEXT,
    message_count BIGINT NOT NULL DEFAULT 0 CHECK (message_count >= 0),
    newest_id BIGINT NOT NULL DEFAULT 0,
    newest_at TIMESTAMPTZ,
    last_notice_id BIGINT NOT NULL DEFAULT 0,
    publisher BIGINT,
    publishing_until BIGINT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX threads_direct_key_unique ON threads (direct_key);
CREATE INDEX threads_creator ON threads (created_by);
CREATE TABLE thread_members (
    id BIGINT PRIMARY KEY,
    thread_id BIGINT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL DEFAULT 'member',
    last_read_message_id BIGINT,
    own_count BIGINT NOT NULL DEFAULT 0 CHECK (own_count >= 0),
    seen_count BIGINT NOT NULL DEFAULT 0 CHECK (seen_count >= 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX thread_members_user_id_unique ON thread_members (thread_id, user_id);
CREATE INDEX thread_members_user ON thread_members (user_id, thread_id);";

/// Messages, with what hangs on them. Replies keep the id of what they reply to when that goes.
///
/// `removed_at`: taken away by moderation, shown as empty. It counts as before.
const MESSAGES: &str = "CREATE TABLE messages (
    id BIGINT PRIMARY KEY,
    thread_id BIGINT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    sender_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reply_to_id BIGINT,
    body TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'sent',
    delivered_at TIMESTAMPTZ,
    read_at TIMESTAMPTZ,
    client_uuid TEXT,
    removed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX messages_client_uuid_unique ON messages (thread_id, sender_id, client_uuid);
CREATE INDEX messages_thread ON messages (thread_id, id);
CREATE INDEX messages_newest ON messages (thread_id, created_at, id);
CREATE INDEX messages_sender ON messages (sender_id, thread_id, id);
CREATE TABLE message_attachments (
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    file_id BIGINT NOT NULL REFERENCES media_files (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    PRIMARY KEY (message_id, position)
);
CREATE UNIQUE INDEX message_attachments_file_id_unique ON message_attachments (file_id);
CREATE TABLE message_reactions (
    id BIGINT PRIMARY KEY,
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    emoji TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX message_reactions_emoji_unique ON message_reactions (message_id, user_id, emoji);
CREATE INDEX message_reactions_user ON message_reactions (user_id, id);";

/// What the members of a thread are still to be told, in the order of the ids. Without a `frame` it is the message of the same
/// id; without `recipients` it is for all members. Whoever and the `actor_id` have blocked one another is left out.
const NOTICES: &str = "CREATE TABLE thread_notices (
    id BIGINT PRIMARY KEY,
    thread_id BIGINT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    actor_id BIGINT,
    recipients JSONB,
    frame JSONB,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX thread_notices_thread ON thread_notices (thread_id, id);";

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for tables in [THREADS, MESSAGES, NOTICES] {
            create(manager, tables).await?;
        }
        Ok(())
    }
}
