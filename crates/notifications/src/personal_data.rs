//! What this domain keeps about people.

use platform::{db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult as _, JsonValue, Statement};
use serde_json::{Map, Value};

use crate::notes::forget_actor;

const PARTS: [(&str, &str); 3] = [
    (
        "notifications",
        "SELECT id, type, payload, is_read, created_at, read_at FROM notifications \
         WHERE user_id = $1 AND state = 'shown' ORDER BY created_at, id",
    ),
    (
        "preferences",
        "SELECT kind, in_app, push, email FROM notification_preferences WHERE user_id = $1 ORDER BY kind",
    ),
    (
        "pushes",
        "SELECT notification_id, device_id, status, sent_at FROM notification_pushes \
         WHERE user_id = $1 ORDER BY id",
    ),
];

/// What this domain knows of somebody.
pub async fn collect(on: &impl ConnectionTrait, user: UserId) -> Result<Value, DbErr> {
    let mut collected = Map::new();
    for (name, query) in PARTS {
        let statement = Statement::from_sql_and_values(on.get_database_backend(), query, [user.0.into()]);
        let mut rows = JsonValue::find_by_statement(statement).all(on).await?;
        for row in &mut rows {
            // SQLite keeps JSON as text.
            if let Some(Value::String(text)) = row.get("payload")
                && let Ok(payload) = serde_json::from_str(text)
            {
                row["payload"] = payload;
            }
        }
        collected.insert(name.to_owned(), Value::Array(rows));
    }
    Ok(Value::Object(collected))
}

/// Removes what others were told of somebody's acts; what is their own goes with the account's row.
pub async fn erase(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    // What is being told of them now is told before this, and removed, or not at all.
    identity::hold_account(tx, user).await?;
    forget_actor(tx, user).await
}
