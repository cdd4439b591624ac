//! The repair of counters.

use platform::{App, db::Tx};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr};

use crate::sql;

/// How many rows had a wrong counter.
pub struct Repaired {
    pub posts: u64,
    pub comments: u64,
    pub accounts: u64,
}

const POST_LIKES: &str = "(SELECT count(*) FROM post_likes l WHERE l.post_id = posts.id)";
const POST_COMMENTS: &str =
    "(SELECT count(*) FROM comments c WHERE c.post_id = posts.id AND c.removed_at IS NULL)";
const POST_REPOSTS: &str =
    "(SELECT count(*) FROM posts r WHERE r.repost_of = posts.id AND r.removed_at IS NULL)";
const COMMENT_LIKES: &str = "(SELECT count(*) FROM comment_likes l WHERE l.comment_id = comments.id)";
const USER_POSTS: &str =
    "(SELECT count(*) FROM posts p WHERE p.author_id = users.id AND p.removed_at IS NULL)";

/// Counts likes, comments, reposts and everybody's posts anew. Writing waits meanwhile.
pub async fn repair(app: &App) -> Result<Repaired, DbErr> {
    app.db().write(|tx| async move { recount(&tx).await }).await
}

async fn recount(tx: &Tx) -> Result<Repaired, DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        // What is not committed yet would be missed by the count and counted by its own transaction, or both.
        let tables = "LOCK TABLE posts, comments, post_likes, comment_likes IN SHARE ROW EXCLUSIVE MODE";
        tx.execute_unprepared(tables).await?;
    }
    let counters = [
        ("like_count", POST_LIKES),
        ("comment_count", POST_COMMENTS),
        ("repost_count", POST_REPOSTS),
    ];
    Ok(Repaired {
        posts: set(tx, "posts", &counters).await?,
        comments: set(tx, "comments", &[("like_count", COMMENT_LIKES)]).await?,
        accounts: set(tx, "users", &[("posts_count", USER_POSTS)]).await?,
    })
}

async fn set(tx: &Tx, table: &str, counters: &[(&str, &str)]) -> Result<u64, DbErr> {
    let each = |between: &str, separator: &str| {
        let parts = counters
            .iter()
            .map(|(column, count)| format!("{column} {between} {count}"));
        parts.collect::<Vec<_>>().join(separator)
    };
    let text = format!(
        "UPDATE {table} SET {} WHERE {}",
        each("=", ", "),
        each("<>", " OR ")
    );
    sql::execute(tx, text, []).await
}
