//! What moderation does to posts and comments, and what it sees of them.

use chrono::{DateTime, Utc};
use platform::{db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    Target, comments,
    events::{CommentChanged, PostChanged},
    posts, sql,
};

/// A post or a comment as moderation sees it, whoever may see it otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Who wrote it.
    pub author_id: UserId,
    /// The post that it is, or stands under.
    pub post_id: i64,
    /// What it says.
    pub text: String,
    /// Of the post: `public`, `followers` or `private`.
    pub visibility: String,
    /// Since when it is taken away, if it is.
    pub removed_at: Option<DateTime<Utc>>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// A post or a comment; `None` if there is no such thing (any more).
pub async fn content(on: &impl ConnectionTrait, target: Target, id: i64) -> Result<Option<Content>, DbErr> {
    let query = match target {
        Target::Post => {
            "SELECT author_id, id, text, visibility, removed_at, created_at FROM posts WHERE id = $1"
        }
        Target::Comment => {
            "SELECT c.author_id, p.id, c.text, p.visibility, c.removed_at, c.created_at \
             FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.id = $1"
        }
    };
    let row = sql::row(on, query, [id.into()]).await?;
    row.map(|row| {
        Ok(Content {
            author_id: row.try_get_by_index(0)?,
            post_id: row.try_get_by_index(1)?,
            text: row.try_get_by_index(2)?,
            visibility: row.try_get_by_index(3)?,
            removed_at: row.try_get_by_index(4)?,
            created_at: row.try_get_by_index(5)?,
        })
    })
    .transpose()
}

/// Takes a post out of everybody's sight but the author's; again changes nothing. Returns its author, or `None` if there is
/// no such post.
pub async fn remove_post(tx: &Tx, id: i64) -> Result<Option<UserId>, DbErr> {
    set_post(tx, id, true).await
}

/// Gives a post back that was taken away.
pub async fn restore_post(tx: &Tx, id: i64) -> Result<Option<UserId>, DbErr> {
    set_post(tx, id, false).await
}

async fn set_post(tx: &Tx, id: i64, is_removed: bool) -> Result<Option<UserId>, DbErr> {
    let Some(post) = posts::hold(tx, 0, id).await? else {
        return Ok(None);
    };
    if post.is_removed != is_removed {
        mark(tx, Target::Post, id, is_removed).await?;
        posts::count(tx, &post, if is_removed { -1 } else { 1 }).await?;
        tx.append(&PostChanged {
            post_id: id,
            author_id: post.author,
        })
        .await?;
    }
    Ok(Some(post.author))
}

/// Takes a comment out of everybody's sight but its author's; its replies stay. Again changes nothing. Returns its author, or
/// `None` if there is no such comment.
pub async fn remove_comment(tx: &Tx, id: i64) -> Result<Option<UserId>, DbErr> {
    set_comment(tx, id, true).await
}

/// Gives a comment back that was taken away.
pub async fn restore_comment(tx: &Tx, id: i64) -> Result<Option<UserId>, DbErr> {
    set_comment(tx, id, false).await
}

async fn set_comment(tx: &Tx, id: i64, is_removed: bool) -> Result<Option<UserId>, DbErr> {
    let Some(comment) = comments::hold(tx, 0, id).await? else {
        return Ok(None);
    };
    if comment.is_removed != is_removed {
        mark(tx, Target::Comment, id, is_removed).await?;
        comments::count(tx, comment.post_id, if is_removed { -1 } else { 1 }).await?;
        tx.append(&CommentChanged {
            comment_id: id,
            post_id: comment.post_id,
            author_id: comment.author,
        })
        .await?;
    }
    Ok(Some(comment.author))
}

async fn mark(tx: &Tx, target: Target, id: i64, is_removed: bool) -> Result<(), DbErr> {
    let text = format!(
        "UPDATE {} SET removed_at = $1, updated_at = $2 WHERE id = $3",
        target.table()
    );
    let values = [is_removed.then(|| tx.now()).into(), tx.now().into(), id.into()];
    sql::execute(tx, text, values).await.map(drop)
}
