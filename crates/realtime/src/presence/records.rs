//! What is kept of presence: when somebody was connected last, and whether others are told.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use platform::{
    App,
    db::{Engine, list_of},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult as _, JsonValue, Statement, Value};

/// Notes that these accounts were there now. Those that are gone by now are passed over.
pub async fn note(app: &App, users: &[UserId], at: DateTime<Utc>) -> Result<(), DbErr> {
    let list = app.db().engine().list("$1");
    let text = format!(
        "INSERT INTO presence (user_id, last_seen_at) \
         SELECT id, $2 FROM users WHERE id IN {list} \
         ON CONFLICT (user_id) DO UPDATE SET last_seen_at = excluded.last_seen_at"
    );
    let text = &text;
    app.db()
        .write(|tx| async move {
            let statement = Statement::from_sql_and_values(
                tx.get_database_backend(),
                text,
                [list_of(&raw(users)), at.into()],
            );
            tx.execute_raw(statement).await.map(drop)
        })
        .await
}

/// Those of these accounts of whom others are not told.
pub async fn hidden(on: &impl ConnectionTrait, users: &[UserId]) -> Result<HashSet<UserId>, DbErr> {
    let list = Engine::of(on).list("$1");
    let text = format!("SELECT user_id FROM presence WHERE NOT is_shown AND user_id IN {list}");
    let rows = on
        .query_all_raw(statement(on, &text, [list_of(&raw(users))]))
        .await?;
    rows.iter()
        .map(|row| Ok(UserId(row.try_get_by_index(0)?)))
        .collect()
}

/// Whether others are told when this account is online.
pub async fn is_shown(on: &impl ConnectionTrait, user: UserId) -> Result<bool, DbErr> {
    Ok(hidden(on, &[user]).await?.is_empty())
}

/// Changes that.
pub async fn set_shown(app: &App, user: UserId, is_shown: bool) -> Result<(), DbErr> {
    app.db()
        .write(|tx| async move {
            let text = "INSERT INTO presence (user_id, is_shown) VALUES ($1, $2) \
                        ON CONFLICT (user_id) DO UPDATE SET is_shown = excluded.is_shown";
            tx.execute_raw(statement(&tx, text, [user.0.into(), is_shown.into()]))
                .await
                .map(drop)
        })
        .await
}

/// What is kept of somebody, for the copy of their data.
pub async fn export(on: &impl ConnectionTrait, user: UserId) -> Result<JsonValue, DbErr> {
    let text = "SELECT is_shown AS show_presence, last_seen_at FROM presence WHERE user_id = $1";
    let row = JsonValue::find_by_statement(statement(on, text, [user.0.into()]))
        .one(on)
        .await?;
    Ok(serde_json::json!({ "presence": row }))
}

/// Their numbers.
pub fn raw(users: &[UserId]) -> Vec<i64> {
    users.iter().map(|user| user.0).collect()
}

/// A statement with its values.
pub fn statement<const N: usize>(on: &impl ConnectionTrait, text: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(on.get_database_backend(), text, values)
}
