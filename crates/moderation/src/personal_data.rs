//! What this domain keeps about people.

use platform::{db::Tx, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult as _, JsonValue, Statement};
use serde_json::{Map, Value};

/// What somebody may read of it. Who decided, and who reported them, are not theirs to know.
const PARTS: [(&str, &str); 3] = [
    (
        "reports",
        "SELECT id, target_type, target_id, reason, status, notes, created_at FROM reports \
         WHERE reporter_id = $1 ORDER BY created_at, id",
    ),
    (
        "enforcements",
        "SELECT id, target_type, target_id, action, reason, expires_at, lifted_at, created_at FROM enforcements \
         WHERE user_id = $1 ORDER BY created_at, id",
    ),
    (
        "appeals",
        "SELECT id, enforcement_id, text, status, note, decided_at, created_at FROM appeals \
         WHERE user_id = $1 ORDER BY created_at, id",
    ),
];

/// The copy of it.
pub async fn collect(on: &impl ConnectionTrait, user: UserId) -> Result<Value, DbErr> {
    let mut collected = Map::new();
    for (name, query) in PARTS {
        let statement = Statement::from_sql_and_values(on.get_database_backend(), query, [user.0.into()]);
        let rows = JsonValue::find_by_statement(statement).all(on).await?;
        collected.insert(name.to_owned(), Value::Array(rows));
    }
    Ok(Value::Object(collected))
}

/// Forgets somebody's words in the reports of others. Their own reports, and what was decided about them, go with their
/// account.
pub async fn erase(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    let statement = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "UPDATE reports SET snapshot = '' WHERE subject_id = $1",
        [user.0.into()],
    );
    tx.execute_raw(statement).await.map(drop)
}
