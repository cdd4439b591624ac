//! Likes: one of each person for each post and comment. The counter is changed with the row, while the liked thing is held:
//! it is the number of the rows at any time.

use platform::{App, db::Tx, http::Viewer, id::UserId};
use sea_orm::DbErr;

use crate::{
    Target,
    errors::SocialError,
    events::{CommentLiked, CommentUnliked, PostLiked, PostUnliked},
    sql,
    visibility::{visible, visible_comment},
};

/// What is liked, held until the end of the transaction.
struct Liked {
    target: Target,
    id: i64,
    post_id: i64,
    author: UserId,
    count: i64,
}

/// Makes the viewer like something they see, or like it no longer; again changes nothing. Returns how many like it.
pub async fn set(
    app: &App,
    viewer: &Viewer,
    (target, id): (Target, i64),
    likes: bool,
) -> Result<i64, SocialError> {
    app.db()
        .write(|tx| async move { set_in(&tx, viewer.id, (target, id), likes).await })
        .await
}

/// The same in a transaction of the caller's.
pub async fn set_in(
    tx: &Tx,
    user: UserId,
    (target, id): (Target, i64),
    likes: bool,
) -> Result<i64, SocialError> {
    let liked = hold(tx, user, (target, id), likes)
        .await?
        .ok_or(SocialError::Missing(target))?;
    Ok(change(tx, user, &liked, likes).await?)
}

async fn hold(
    tx: &Tx,
    user: UserId,
    (target, id): (Target, i64),
    likes: bool,
) -> Result<Option<Liked>, DbErr> {
    // A like can be taken back also when what is liked is not shown any more.
    let or_liked = if likes {
        String::new()
    } else {
        let stem = target.stem();
        format!(" OR EXISTS (SELECT 1 FROM {stem}_likes l WHERE l.{stem}_id = $2 AND l.user_id = $1)")
    };
    let query = match target {
        Target::Post => format!(
            "SELECT p.id, p.author_id, p.like_count FROM posts p WHERE p.id = $2 AND ({}{or_liked}){}",
            visible("$1"),
            sql::held(tx, "p")
        ),
        Target::Comment => format!(
            "SELECT c.post_id, c.author_id, c.like_count FROM comments c JOIN posts p ON p.id = c.post_id \
             WHERE c.id = $2 AND ({}{or_liked}){}",
            visible_comment("$1"),
            sql::held(tx, "c")
        ),
    };
    let row = sql::row(tx, query, [user.0.into(), id.into()]).await?;
    row.map(|row| {
        Ok(Liked {
            target,
            id,
            post_id: row.try_get_by_index(0)?,
            author: row.try_get_by_index(1)?,
            count: row.try_get_by_index(2)?,
        })
    })
    .transpose()
}

async fn change(tx: &Tx, user: UserId, liked: &Liked, likes: bool) -> Result<i64, DbErr> {
    let (table, stem) = (liked.target.table(), liked.target.stem());
    let ids = || (liked.id.into(), user.0.into());
    let changed = if likes {
        let text = format!(
            "INSERT INTO {stem}_likes ({stem}_id, user_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        );
        let (id, user) = ids();
        sql::execute(tx, text, [id, user, tx.now().into()]).await?
    } else {
        let text = format!("DELETE FROM {stem}_likes WHERE {stem}_id = $1 AND user_id = $2");
        let (id, user) = ids();
        sql::execute(tx, text, [id, user]).await?
    };
    if changed == 0 {
        return Ok(liked.count);
    }
    let by: i64 = if likes { 1 } else { -1 };
    let text = format!("UPDATE {table} SET like_count = like_count + $1 WHERE id = $2");
    sql::execute(tx, text, [by.into(), liked.id.into()]).await?;
    tell(tx, user, liked, likes).await?;
    Ok(liked.count + by)
}

async fn tell(tx: &Tx, user_id: UserId, liked: &Liked, likes: bool) -> Result<(), DbErr> {
    let (post_id, comment_id, author_id) = (liked.post_id, liked.id, liked.author);
    match (liked.target, likes) {
        (Target::Post, true) => {
            tx.append(&PostLiked {
                post_id,
                author_id,
                user_id,
            })
            .await
        }
        (Target::Post, false) => {
            tx.append(&PostUnliked {
                post_id,
                author_id,
                user_id,
            })
            .await
        }
        (Target::Comment, true) => {
            tx.append(&CommentLiked {
                comment_id,
                post_id,
                author_id,
                user_id,
            })
            .await
        }
        (Target::Comment, false) => {
            tx.append(&CommentUnliked {
                comment_id,
                post_id,
                author_id,
                user_id,
            })
            .await
        }
    }
}

/// Takes back a batch of somebody's likes; how many there were.
pub async fn withdraw(tx: &Tx, user: UserId, target: Target, most: usize) -> Result<usize, DbErr> {
    let (table, stem) = (target.table(), target.stem());
    let liked = format!(
        "SELECT t.id FROM {table} t WHERE t.id IN \
         (SELECT l.{stem}_id FROM {stem}_likes l WHERE l.user_id = $1 ORDER BY l.created_at LIMIT {most}) ORDER BY t.id{}",
        sql::held(tx, "t")
    );
    let liked = sql::rows(tx, liked, [user.0.into()]).await?;
    for row in &liked {
        let id: i64 = row.try_get_by_index(0)?;
        let removed = format!("DELETE FROM {stem}_likes WHERE {stem}_id = $1 AND user_id = $2");
        let count = format!("UPDATE {table} SET like_count = like_count - 1 WHERE id = $1");
        if sql::execute(tx, removed, [id.into(), user.0.into()]).await? > 0 {
            sql::execute(tx, count, [id.into()]).await?;
        }
    }
    Ok(liked.len())
}
