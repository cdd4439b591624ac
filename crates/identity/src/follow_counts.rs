//! The repair of the counters of the follow graph.

use platform::{App, db::Tx};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement};

/// Counts everybody's followers and followed anew and returns how many accounts had a wrong count. Follows wait meanwhile.
pub async fn repair(app: &App) -> Result<u64, DbErr> {
    app.db().write(|tx| async move { recount(&tx).await }).await
}

async fn recount(tx: &Tx) -> Result<u64, DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        // A follow that is not committed yet would be missed by the count and counted by its own transaction, or both.
        tx.execute_unprepared("LOCK TABLE follows IN SHARE ROW EXCLUSIVE MODE")
            .await?;
    }
    let text = "UPDATE users SET \
         followers_count = (SELECT count(*) FROM follows WHERE followee_id = users.id), \
         following_count = (SELECT count(*) FROM follows WHERE follower_id = users.id) \
         WHERE followers_count <> (SELECT count(*) FROM follows WHERE followee_id = users.id) \
         OR following_count <> (SELECT count(*) FROM follows WHERE follower_id = users.id)";
    let statement = Statement::from_string(tx.get_database_backend(), text);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}
