//! What people take with them when they go: a copy of what they wrote, and its removal.

use platform::{App, db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult as _, JsonValue, Statement};
use serde_json::{Map, Value};

use crate::{held, leaving, messages, sql};

/// Messages that are removed in a transaction.
const BATCH: usize = 100;

/// What this domain knows of somebody: the name of each part and the query for it; `$1` is the account.
const PARTS: [(&str, &str); 3] = [
    (
        "threads",
        "SELECT t.id, t.title, t.is_group, m.role, m.last_read_message_id, m.created_at AS since \
         FROM thread_members m JOIN threads t ON t.id = m.thread_id WHERE m.user_id = $1 ORDER BY t.id",
    ),
    (
        "messages",
        "SELECT id, thread_id, reply_to_id, body, status, delivered_at, read_at, client_uuid, removed_at, created_at, updated_at \
         FROM messages WHERE sender_id = $1 ORDER BY id",
    ),
    (
        "message_reactions",
        "SELECT message_id, emoji, created_at AS since FROM message_reactions WHERE user_id = $1 ORDER BY id",
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

/// Removes what somebody has sent, a batch at a time. Files go with it.
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

/// Removes what came in the meantime, and takes the account out of its threads, in the transaction that ends with the account.
/// Those who stay are told by the events of the outbox. The account is held: whoever is about to write in its name waits, and
/// then finds it gone.
pub async fn erase(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    identity::hold_account(tx, user).await?;
    while withdraw_batch(tx, user).await? > 0 {}
    let text = "SELECT thread_id FROM thread_members WHERE user_id = $1 ORDER BY thread_id";
    for id in sql::ids(tx, text, [user.0.into()]).await? {
        if let Some(held) = held::hold(tx, id).await?
            && let Some(held) = leaving::take_out(tx, held, user).await?
        {
            held.settle_for_others(tx).await?;
        }
    }
    Ok(())
}

/// Removes messages from the first thread that has any of this sender; 0 when there is none.
async fn withdraw_batch(tx: &Tx, sender: UserId) -> Result<usize, DbErr> {
    let first = "SELECT thread_id FROM messages WHERE sender_id = $1 ORDER BY thread_id LIMIT 1";
    let Some(thread_id) = sql::ids(tx, first, [sender.0.into()]).await?.first().copied() else {
        return Ok(0);
    };
    let Some(mut held) = held::hold(tx, thread_id).await? else {
        return Ok(1);
    };
    let text =
        format!("SELECT id FROM messages WHERE sender_id = $1 AND thread_id = $2 ORDER BY id LIMIT {BATCH}");
    let ids = sql::ids(tx, text, [sender.0.into(), thread_id.into()]).await?;
    messages::remove(tx, &mut held, sender, &ids).await?;
    held.settle(tx).await?;
    Ok(ids.len().max(1))
}
