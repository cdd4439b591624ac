//! What people take with them when they go: a copy of what they wrote and liked, and its removal.

use platform::{App, db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult as _, JsonValue, Statement};
use serde_json::{Map, Value};

use crate::{Target, comments, likes, posts, sql};

/// What is removed in a transaction, in rows.
const BATCH: usize = 100;

/// What this domain knows of somebody: the name of each part and the query for it; `$1` is the account.
const PARTS: [(&str, &str); 5] = [
    (
        "posts",
        "SELECT id, text, visibility, language, repost_of, like_count, comment_count, repost_count, created_at, edited_at, \
         removed_at FROM posts WHERE author_id = $1 ORDER BY id",
    ),
    (
        "comments",
        "SELECT id, post_id, parent_id, text, like_count, created_at, edited_at, removed_at FROM comments \
         WHERE author_id = $1 ORDER BY id",
    ),
    (
        "liked_posts",
        "SELECT post_id, created_at AS since FROM post_likes WHERE user_id = $1 ORDER BY created_at, post_id",
    ),
    (
        "liked_comments",
        "SELECT comment_id, created_at AS since FROM comment_likes WHERE user_id = $1 ORDER BY created_at, comment_id",
    ),
    (
        "bookmarks",
        "SELECT post_id, created_at AS since FROM bookmarks WHERE user_id = $1 ORDER BY created_at, post_id",
    ),
];

/// What this domain knows of somebody.
pub async fn export(on: &impl ConnectionTrait, user: UserId) -> Result<Value, DbErr> {
    let mut collected = Map::new();
    for (name, query) in PARTS {
        let statement = Statement::from_sql_and_values(on.get_database_backend(), query, [user.0.into()]);
        let rows = JsonValue::find_by_statement(statement).all(on).await?;
        collected.insert(name.to_owned(), Value::Array(rows));
    }
    Ok(Value::Object(collected))
}

/// Removes what somebody wrote and liked, a batch at a time, and puts the counters of others right. Files go with it.
pub async fn withdraw(app: &App, user: UserId) -> Result<(), DbErr> {
    loop {
        let removed = app
            .db()
            .write(|tx| async move { withdraw_batch(&tx, user).await })
            .await?;
        if removed == 0 {
            return Ok(());
        }
    }
}

/// Removes what came in the meantime, in the transaction that ends with the account. The account is held: whoever is about to
/// write in its name waits, and then finds it gone.
pub async fn erase(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    identity::hold_account(tx, user).await?;
    while withdraw_batch(tx, user).await? > 0 {}
    Ok(())
}

async fn withdraw_batch(tx: &Tx, user: UserId) -> Result<usize, DbErr> {
    let mut removed = 0;
    for target in [Target::Post, Target::Comment] {
        removed += likes::withdraw(tx, user, target, BATCH).await?;
    }
    for id in written(tx, user, Target::Comment).await? {
        removed += 1;
        // A reply to another of them may have gone with it.
        if let Some(comment) = comments::hold(tx, user.0, id).await? {
            comments::remove(tx, &comment).await?;
        }
    }
    for id in written(tx, user, Target::Post).await? {
        removed += 1;
        if let Some(post) = posts::hold(tx, user.0, id).await? {
            posts::remove(tx, &post).await?;
        }
    }
    Ok(removed)
}

async fn written(tx: &Tx, user: UserId, target: Target) -> Result<Vec<i64>, DbErr> {
    let query = format!(
        "SELECT id FROM {} WHERE author_id = $1 ORDER BY id LIMIT {BATCH}",
        target.table()
    );
    let rows = sql::rows(tx, query, [user.0.into()]).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
