//! Statements of this domain: bound values, one line each.

use platform::db::Engine;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

/// Runs a statement; how many rows it changed.
pub async fn execute<const N: usize>(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: [Value; N],
) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    Ok(on.execute_raw(statement).await?.rows_affected())
}

/// The rows of a query.
pub async fn rows<const N: usize>(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: [Value; N],
) -> Result<Vec<QueryResult>, DbErr> {
    on.query_all_raw(Statement::from_sql_and_values(
        on.get_database_backend(),
        text,
        values,
    ))
    .await
}

/// The first row of a query.
pub async fn row<const N: usize>(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: [Value; N],
) -> Result<Option<QueryResult>, DbErr> {
    on.query_one_raw(Statement::from_sql_and_values(
        on.get_database_backend(),
        text,
        values,
    ))
    .await
}

/// The end of a query that holds the rows it finds of `table` until the end of the transaction. SQLite's only writer holds
/// everything. Always posts before comments before accounts, and posts in the order of their ids.
pub fn held(on: &impl ConnectionTrait, table: &str) -> String {
    match on.get_database_backend() {
        DbBackend::Postgres => format!(" FOR NO KEY UPDATE OF {table}"),
        _ => String::new(),
    }
}

/// The members of a list of texts that is bound as one JSON value, for `… IN {}` or `FROM {}`, where
/// their column is `value`.
pub fn texts(engine: Engine, placeholder: &str) -> String {
    match engine {
        Engine::Sqlite => format!("(SELECT value FROM json_each({placeholder}))"),
        Engine::Postgres => {
            format!("(SELECT value FROM jsonb_array_elements_text(CAST({placeholder} AS JSONB)))")
        }
    }
}

/// A table of the ids that are bound as one value, see [`platform::db::list_of`], with the column `id`. To begin a query with
/// it tells PostgreSQL to look each of them up, whatever the conditions are.
pub fn ids(engine: Engine, placeholder: &str) -> String {
    match engine {
        Engine::Sqlite => format!("(SELECT value AS id FROM json_each({placeholder}))"),
        Engine::Postgres => format!(
            "(SELECT CAST(value AS BIGINT) AS id FROM jsonb_array_elements_text(CAST({placeholder} AS JSONB)))"
        ),
    }
}
