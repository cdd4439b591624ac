//! Statements in the words of both databases.

use platform::{
    db::{Engine, list_of},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

/// Runs a statement; how many rows it changed.
pub async fn execute(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: Vec<Value>,
) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text.into(), values);
    Ok(on.execute_raw(statement).await?.rows_affected())
}

/// The rows of a statement.
pub async fn rows(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text.into(), values);
    on.query_all_raw(statement).await
}

/// See [`Engine::list`].
pub fn list(on: &impl ConnectionTrait, placeholder: &str) -> String {
    Engine::of(on).list(placeholder)
}

/// Accounts as one value, for [`list`].
pub fn users(ids: &[UserId]) -> Value {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    list_of(&ids)
}

/// What keeps rows that were found from others until the end of the transaction, passing over those that others hold.
/// SQLite's only writer holds everything.
pub fn claiming(on: &impl ConnectionTrait) -> &'static str {
    match on.get_database_backend() {
        DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    }
}
