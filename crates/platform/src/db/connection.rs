//! A connection to the database for reads: SeaORM's own, or the simple protocol behind a pooler.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
};
use sqlx::{AssertSqlSafe, PgPool, Postgres};

use super::{is_connection_loss, statements};

/// A read is repeated on another connection this often when its own was lost: as a server restart breaks every
/// connection of the pool, at most the pool's size plus one.
const MOST_LOST_CONNECTIONS: u32 = 20;

/// The pool, as SeaORM's functions take it.
#[derive(Debug, Clone)]
pub enum Connection {
    /// Prepared statements.
    Prepared(DatabaseConnection),
    /// Statements with their values written into them, one round trip each: all that a transaction pooler lets through.
    Simple(PgPool),
}

macro_rules! on_a_live_connection {
    ($call:expr) => {{
        let mut lost = 0;
        loop {
            match $call {
                Err(error) if is_connection_loss(&error) && lost < MOST_LOST_CONNECTIONS => lost += 1,
                outcome => break outcome,
            }
        }
    }};
}

#[async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Connection::Prepared(connection) => connection.get_database_backend(),
            Connection::Simple(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        statements::count();
        match self {
            Connection::Prepared(connection) => connection.execute_raw(statement).await,
            Connection::Simple(pool) => execute(pool, statement.to_string()).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        statements::count();
        match self {
            Connection::Prepared(connection) => connection.execute_unprepared(sql).await,
            Connection::Simple(pool) => execute(pool, sql.to_owned()).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        statements::count();
        on_a_live_connection!(match self {
            Connection::Prepared(connection) => connection.query_one_raw(statement.clone()).await,
            Connection::Simple(pool) => query_one(pool, statement.to_string()).await,
        })
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        statements::count();
        on_a_live_connection!(match self {
            Connection::Prepared(connection) => connection.query_all_raw(statement.clone()).await,
            Connection::Simple(pool) => query_all(pool, statement.to_string()).await,
        })
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// `sea-query` writes the values into the text and escapes them.
pub(super) async fn execute<'c>(
    on: impl sqlx::Executor<'c, Database = Postgres>,
    sql: String,
) -> Result<ExecResult, DbErr> {
    on.execute(sqlx::raw_sql(AssertSqlSafe(sql)))
        .await
        .map(Into::into)
        .map_err(failed)
}

pub(super) async fn query_one<'c>(
    on: impl sqlx::Executor<'c, Database = Postgres>,
    sql: String,
) -> Result<Option<QueryResult>, DbErr> {
    Ok(query_all(on, sql).await?.into_iter().next())
}

pub(super) async fn query_all<'c>(
    on: impl sqlx::Executor<'c, Database = Postgres>,
    sql: String,
) -> Result<Vec<QueryResult>, DbErr> {
    let rows = on
        .fetch_all(sqlx::raw_sql(AssertSqlSafe(sql)))
        .await
        .map_err(failed)?;
    Ok(rows.into_iter().map(Into::into).collect())
}
