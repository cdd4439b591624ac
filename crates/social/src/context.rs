//! What other domains need to tell people of a post or a comment: who is concerned, and in which words.

use platform::{
    db::{Engine, list_of},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::{sql, visibility::visible};

/// Longest chain of comments that is followed, from an answer to what it answers.
const LONGEST_CHAIN: usize = 50;

/// A comment, and what it stands below.
#[derive(Debug, Clone)]
pub struct CommentContext {
    /// Of which post.
    pub post_id: i64,
    /// Whose post that is.
    pub post_author_id: UserId,
    /// Whose comment it is.
    pub author_id: UserId,
    /// Its text.
    pub text: String,
    /// The comments above it with their authors, the one that it answers first.
    pub above: Vec<(i64, UserId)>,
}

/// The text of a post; `None` when it is gone, or was taken away.
pub async fn post_text(on: &impl ConnectionTrait, post_id: i64) -> Result<Option<String>, DbErr> {
    let text = "SELECT text FROM posts WHERE id = $1 AND removed_at IS NULL";
    let rows = sql::rows(on, text, [post_id.into()]).await?;
    rows.first().map(|row| row.try_get_by_index(0)).transpose()
}

/// A comment in its place; `None` when it, or its post, is gone or was taken away.
pub async fn comment_context(
    on: &impl ConnectionTrait,
    comment_id: i64,
) -> Result<Option<CommentContext>, DbErr> {
    // From the comment upwards, in one query.
    let text = format!(
        "WITH RECURSIVE chain (id, parent_id, author_id, depth) AS (\
         SELECT id, parent_id, author_id, 0 FROM comments WHERE id = $1 \
         UNION ALL SELECT c.id, c.parent_id, c.author_id, chain.depth + 1 FROM comments c JOIN chain ON c.id = chain.parent_id \
         WHERE chain.depth < {LONGEST_CHAIN}) \
         SELECT chain.id, chain.author_id, c.text, p.id, p.author_id FROM chain \
         JOIN comments c ON c.id = $1 JOIN posts p ON p.id = c.post_id \
         WHERE c.removed_at IS NULL AND p.removed_at IS NULL ORDER BY chain.depth"
    );
    let rows = sql::rows(on, text, [comment_id.into()]).await?;
    let Some((own, above)) = rows.split_first() else {
        return Ok(None);
    };
    let link = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    Ok(Some(CommentContext {
        post_id: own.try_get_by_index(3)?,
        post_author_id: own.try_get_by_index(4)?,
        author_id: own.try_get_by_index(1)?,
        text: own.try_get_by_index(2)?,
        above: above.iter().map(link).collect::<Result<_, DbErr>>()?,
    }))
}

/// Those of `people` (at most a few hundred) who may see a post.
pub async fn readers_among(
    on: &impl ConnectionTrait,
    post_id: i64,
    people: &[UserId],
) -> Result<Vec<UserId>, DbErr> {
    let text = format!(
        "SELECT u.id FROM users u JOIN posts p ON p.id = $1 WHERE u.id IN {} AND {} ORDER BY u.id",
        Engine::of(on).list("$2"),
        visible("u.id")
    );
    let ids: Vec<i64> = people.iter().map(|user| user.0).collect();
    let rows = sql::rows(on, text, [post_id.into(), list_of(&ids)]).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
