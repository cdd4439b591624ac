//! Posts and comments, with what hangs on them.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// Posts, with what hangs on them.
///
/// `removed_at`: taken away by moderation, seen by nobody but the author, and not counted anywhere. `text_start`,
/// `visibility_key` and `parent_key` are there to order by: on `visibility` itself an index would be taken for finding
/// posts, of which nearly all are public. What passes on a post keeps its id when the post goes: a popular post has too
/// many of them to be changed with it. Nor do replies hang on their comments: they may nest deeper than either engine
/// can cascade.
const POSTS: &str = "CREATE TABLE posts (
    id BIGINT PRIMARY KEY,
    author_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    visibility TEXT NOT NULL,
    language TEXT NOT NULL,
    has_video BOOLEAN NOT NULL DEFAULT FALSE,
    repost_of BIGINT,
    is_plain_repost BOOLEAN NOT NULL DEFAULT FALSE,
    like_count BIGINT NOT NULL DEFAULT 0 CHECK (like_count >= 0),
    comment_count BIGINT NOT NULL DEFAULT 0 CHECK (comment_count >= 0),
    repost_count BIGINT NOT NULL DEFAULT 0 CHECK (repost_count >= 0),
    edited_at TIMESTAMPTZ,
    removed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    text_start TEXT NOT NULL GENERATED ALWAYS AS (substr(text, 1, 64)) STORED,
    visibility_key TEXT NOT NULL GENERATED ALWAYS AS (visibility) STORED
);
CREATE INDEX posts_author ON posts (author_id, id);
CREATE INDEX posts_author_newest ON posts (author_id, created_at, id);
CREATE INDEX posts_newest ON posts (created_at, id);
CREATE INDEX posts_text ON posts (text_start, id);
CREATE INDEX posts_visibility ON posts (visibility_key, id);
CREATE INDEX posts_language ON posts (language, id);
CREATE INDEX posts_likes ON posts (like_count, id);
CREATE INDEX posts_comments ON posts (comment_count, id);
CREATE INDEX posts_videos ON posts (id) WHERE has_video;
CREATE INDEX posts_reposts ON posts (repost_of, id);
CREATE UNIQUE INDEX posts_plain_repost_unique ON posts (author_id, repost_of) WHERE is_plain_repost;
CREATE TABLE post_files (
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    file_id BIGINT NOT NULL REFERENCES media_files (id) ON DELETE CASCADE,
    PRIMARY KEY (post_id, position)
);
CREATE UNIQUE INDEX post_files_file_unique ON post_files (file_id);
CREATE TABLE post_assets (
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    asset_id BIGINT NOT NULL REFERENCES media_assets (id) ON DELETE CASCADE,
    PRIMARY KEY (post_id, position)
);
CREATE INDEX post_assets_asset ON post_assets (asset_id);
CREATE TABLE post_likes (
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (post_id, user_id)
);
CREATE INDEX post_likes_newest ON post_likes (post_id, created_at, user_id);
CREATE INDEX post_likes_user ON post_likes (user_id, created_at);
CREATE TABLE bookmarks (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, post_id)
);
CREATE INDEX bookmarks_newest ON bookmarks (user_id, created_at, post_id);
CREATE INDEX bookmarks_post ON bookmarks (post_id);
CREATE TABLE post_hashtags (
    tag TEXT NOT NULL,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tag, post_id)
);
CREATE INDEX post_hashtags_post ON post_hashtags (post_id);
CREATE INDEX post_hashtags_newest ON post_hashtags (created_at, tag, post_id);
CREATE TABLE post_mentions (
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (post_id, user_id)
);
CREATE INDEX post_mentions_user ON post_mentions (user_id, post_id);";

/// Comments, with what hangs on them.
const COMMENTS: &str = "CREATE TABLE comments (
    id BIGINT PRIMARY KEY,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    author_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    parent_id BIGINT,
    text TEXT NOT NULL,
    like_count BIGINT NOT NULL DEFAULT 0 CHECK (like_count >= 0),
    edited_at TIMESTAMPTZ,
    removed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    text_start TEXT NOT NULL GENERATED ALWAYS AS (substr(text, 1, 64)) STORED,
    parent_key BIGINT NOT NULL GENERATED ALWAYS AS (coalesce(parent_id, 0)) STORED
);
CREATE INDEX comments_post ON comments (post_id, created_at, id);
CREATE INDEX comments_newest ON comments (created_at, id);
CREATE INDEX comments_author ON comments (author_id, id);
CREATE INDEX comments_parent ON comments (parent_key, id);
CREATE INDEX comments_post_likes ON comments (post_id, like_count, id);
CREATE INDEX comments_post_id ON comments (post_id, id);
CREATE INDEX comments_likes ON comments (like_count, id);
CREATE INDEX comments_text ON comments (text_start, id);
CREATE TABLE comment_files (
    comment_id BIGINT NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    file_id BIGINT NOT NULL REFERENCES media_files (id) ON DELETE CASCADE,
    PRIMARY KEY (comment_id, position)
);
CREATE UNIQUE INDEX comment_files_file_unique ON comment_files (file_id);
CREATE TABLE comment_likes (
    comment_id BIGINT NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (comment_id, user_id)
);
CREATE INDEX comment_likes_newest ON comment_likes (comment_id, created_at, user_id);
CREATE INDEX comment_likes_user ON comment_likes (user_id, created_at);
CREATE TABLE comment_mentions (
    comment_id BIGINT NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (comment_id, user_id)
);
CREATE INDEX comment_mentions_user ON comment_mentions (user_id, comment_id);";

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, POSTS).await?;
        create(manager, COMMENTS).await
    }
}
