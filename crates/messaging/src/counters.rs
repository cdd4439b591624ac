//! The repair of the counters behind unread counts.

use platform::{App, db::Tx};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr};

use crate::sql;

/// How many rows had a wrong counter.
pub struct Repaired {
    pub threads: u64,
    pub members: u64,
}

const ALL: &str = "(SELECT count(*) FROM messages m WHERE m.thread_id = threads.id)";
const OWN: &str = "(SELECT count(*) FROM messages m WHERE m.thread_id = thread_members.thread_id \
                   AND m.sender_id = thread_members.user_id)";
const SEEN: &str = "(SELECT count(*) FROM messages m WHERE m.thread_id = thread_members.thread_id \
                    AND m.sender_id <> thread_members.user_id AND m.id <= thread_members.last_read_message_id)";

/// Counts the messages of every thread, and of every member those of their own and those that they have read, anew. Writing
/// messages waits meanwhile.
pub async fn repair(app: &App) -> Result<Repaired, DbErr> {
    app.db().write(|tx| async move { recount(&tx).await }).await
}

async fn recount(tx: &Tx) -> Result<Repaired, DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        // What is not committed yet would be missed by the count and counted by its own transaction, or both.
        let tables = "LOCK TABLE threads, thread_members, messages IN SHARE ROW EXCLUSIVE MODE";
        tx.execute_unprepared(tables).await?;
    }
    let threads = format!("UPDATE threads SET message_count = {ALL} WHERE message_count <> {ALL}");
    let members = format!(
        "UPDATE thread_members SET own_count = {OWN}, seen_count = {SEEN} WHERE own_count <> {OWN} OR seen_count <> {SEEN}"
    );
    Ok(Repaired {
        threads: sql::execute(tx, threads, []).await?,
        members: sql::execute(tx, members, []).await?,
    })
}
