//! How many notifications somebody has not read: a column, changed in the transaction of the rows that it counts.
//!
//! Whoever writes notifications of an account takes hold of its counter first. So writers of one account come one after
//! the other, and a count that was read under the hold stays true until the commit. Those who write for several accounts
//! hold them in the order of their ids.

use std::collections::BTreeMap;

use platform::{App, db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Value};

use crate::statements::{execute, list, rows, users};

/// Takes hold of the counters of these accounts until the end of the transaction. They must be in ascending order, and exist.
pub async fn hold(tx: &Tx, accounts: &[UserId]) -> Result<(), DbErr> {
    if accounts.is_empty() {
        return Ok(());
    }
    let places: Vec<String> = (1..=accounts.len()).map(|n| format!("(${n}, 0)")).collect();
    let text = format!(
        "INSERT INTO notification_counters (user_id, unread) VALUES {} \
         ON CONFLICT (user_id) DO UPDATE SET unread = notification_counters.unread",
        places.join(", ")
    );
    let values: Vec<Value> = accounts.iter().map(|user| user.0.into()).collect();
    execute(tx, text, values).await.map(drop)
}

/// Changes counters that are held.
pub async fn add(tx: &Tx, changes: &[(UserId, i64)]) -> Result<(), DbErr> {
    let mut by_change: BTreeMap<i64, Vec<UserId>> = BTreeMap::new();
    for (user, change) in changes.iter().filter(|(_, change)| *change != 0) {
        by_change.entry(*change).or_default().push(*user);
    }
    for (change, accounts) in by_change {
        let text = format!(
            "UPDATE notification_counters SET unread = unread + $1 WHERE user_id IN {}",
            list(tx, "$2")
        );
        execute(tx, text, vec![change.into(), users(&accounts)]).await?;
    }
    Ok(())
}

/// How many notifications these accounts have not read; those without a counter are missing.
pub async fn unread(on: &impl ConnectionTrait, accounts: &[UserId]) -> Result<BTreeMap<UserId, i64>, DbErr> {
    let text = format!(
        "SELECT user_id, unread FROM notification_counters WHERE user_id IN {}",
        list(on, "$1")
    );
    let found = rows(on, text, vec![users(accounts)]).await?;
    found
        .iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// Counts everybody's unread notifications anew and returns how many counters were wrong. Writers wait meanwhile.
pub async fn repair(app: &App) -> Result<u64, DbErr> {
    app.db().write(|tx| async move { recount(&tx).await }).await
}

async fn recount(tx: &Tx) -> Result<u64, DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        // The counters first, as writers do: one that holds a counter finishes, the next ones wait.
        tx.execute_unprepared("LOCK TABLE notification_counters, notifications IN SHARE ROW EXCLUSIVE MODE")
            .await?;
    }
    let count = "(SELECT count(*) FROM notifications n WHERE n.user_id = notification_counters.user_id \
                 AND n.state = 'shown' AND NOT n.is_read)";
    let corrected = format!("UPDATE notification_counters SET unread = {count} WHERE unread <> {count}");
    let missing = "INSERT INTO notification_counters (user_id, unread) \
                   SELECT n.user_id, count(*) FROM notifications n WHERE n.state = 'shown' AND NOT n.is_read \
                   AND NOT EXISTS (SELECT 1 FROM notification_counters c WHERE c.user_id = n.user_id) GROUP BY n.user_id";
    Ok(execute(tx, corrected, vec![]).await? + execute(tx, missing, vec![]).await?)
}
