//! Statements of this domain, with bound values.

use platform::db::Engine;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

fn bound(on: &impl ConnectionTrait, text: impl Into<String>, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(on.get_database_backend(), text, values)
}

/// Runs a statement; how many rows it changed.
pub async fn execute(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: impl Into<Vec<Value>>,
) -> Result<u64, DbErr> {
    let done = on.execute_raw(bound(on, text, values.into())).await?;
    Ok(done.rows_affected())
}

/// The rows of a query.
pub async fn rows(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: impl Into<Vec<Value>>,
) -> Result<Vec<QueryResult>, DbErr> {
    on.query_all_raw(bound(on, text, values.into())).await
}

/// The first row of a query.
pub async fn row(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: impl Into<Vec<Value>>,
) -> Result<Option<QueryResult>, DbErr> {
    on.query_one_raw(bound(on, text, values.into())).await
}

/// The first column of a query's rows.
pub async fn ids(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: impl Into<Vec<Value>>,
) -> Result<Vec<i64>, DbErr> {
    let found = rows(on, text, values).await?;
    found.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The end of a query of one table that holds its rows until the end of the transaction. SQLite's only writer holds everything.
pub fn held(on: &impl ConnectionTrait) -> &'static str {
    match on.get_database_backend() {
        DbBackend::Postgres => " FOR NO KEY UPDATE",
        _ => "",
    }
}

/// A table of the ids that are bound as one value, see [`platform::db::list_of`], with the column `id`.
pub fn id_table(engine: Engine, placeholder: &str) -> String {
    match engine {
        Engine::Sqlite => format!("(SELECT value AS id FROM json_each({placeholder}))"),
        Engine::Postgres => {
            format!(
                "(SELECT CAST(value AS BIGINT) AS id FROM jsonb_array_elements_text(CAST({placeholder} AS JSONB)))"
            )
        }
    }
}
