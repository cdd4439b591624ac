//! Statements in plain SQL, with values that are bound.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

/// The values of a statement that is put together of parts.
#[derive(Debug, Default)]
pub struct Values(pub Vec<Value>);

impl Values {
    /// Adds a value; returns the placeholder that stands for it.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}

/// The condition that a post `p` may be seen by the viewer that the placeholder stands for, as one value: taken apart, SQLite
/// would first collect all public posts by their visibility, and then sort them.
pub fn visible(viewer: &str) -> String {
    format!("CASE WHEN {} THEN TRUE ELSE FALSE END", social::visible(viewer))
}

/// The rows that a query finds.
pub async fn all(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    on.query_all_raw(Statement::from_sql_and_values(
        on.get_database_backend(),
        text,
        values,
    ))
    .await
}

/// The first row that a query finds.
pub async fn one(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, DbErr> {
    on.query_one_raw(Statement::from_sql_and_values(
        on.get_database_backend(),
        text,
        values,
    ))
    .await
}

/// Runs a statement; how many rows it changed.
pub async fn run(
    on: &impl ConnectionTrait,
    text: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    let done = on
        .execute_raw(Statement::from_sql_and_values(
            on.get_database_backend(),
            text,
            values,
        ))
        .await?;
    Ok(done.rows_affected())
}
