//! Timelines: what reached whom.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // `timeline`: the key serves reading, newest first, as the ids of posts are in the order of time; `created_at` is
        // the post's. `timeline_heads`: whoever rebuilds a timeline holds its row. `timeline_requests`: rebuilds that were
        // asked for by an event and are not done. `big_authors`: followed by so many that their posts are looked up by readers.
        // `posts_shared`: the posts that others than their author may see, for rebuilding without reading the posts.
        create(
            manager,
            "CREATE TABLE timeline (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
                author_id BIGINT NOT NULL,
                score DOUBLE PRECISION NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                PRIMARY KEY (user_id, post_id)
            );
            CREATE INDEX timeline_post ON timeline (post_id);
            CREATE INDEX timeline_age ON timeline (created_at);
            CREATE TABLE timeline_heads (
                user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                rebuilt_at TIMESTAMPTZ NOT NULL
            );
            CREATE TABLE timeline_requests (
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                event_id BIGINT NOT NULL,
                PRIMARY KEY (user_id, event_id)
            );
            CREATE TABLE big_authors (
                author_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
                since TIMESTAMPTZ NOT NULL
            );
            CREATE INDEX posts_shared ON posts (author_id, id)
                WHERE visibility IN ('public', 'followers') AND removed_at IS NULL;",
        )
        .await
    }
}
