//! The main database: PostgreSQL or SQLite, chosen by `DATABASE_URL`.
//!
//! SQLite has one writer connection (`BEGIN IMMEDIATE`) and several readers on a file in WAL mode with
//! `synchronous=FULL`. PostgreSQL has one pool. Behind a transaction pooler such as PgBouncer, where prepared statements
//! do not survive, statements travel by the simple protocol; this is found out when the pool is opened.

mod append_only;
mod connection;
mod migrate;
mod pools;
mod statements;
mod transaction;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, RuntimeErr, SqlErr, Statement};
use tokio::sync::Notify;

pub use append_only::append_only;
pub use connection::Connection;
pub use migrate::{create, migrate, require};
pub use pools::{Pools, direct_postgres_url};
pub(crate) use statements::counted;
pub use transaction::Tx;

use crate::{clock::Clock, id::Ids};

/// How often a transaction that met a rival is tried before its error is returned.
const ATTEMPTS: u32 = 12;

/// Which database an instance runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file, one process or a few on one machine.
    Sqlite,
    /// A server, any number of processes.
    Postgres,
}

impl Engine {
    /// The engine behind a connection.
    pub fn of(on: &impl ConnectionTrait) -> Self {
        if on.get_database_backend() == DbBackend::Sqlite {
            Self::Sqlite
        } else {
            Self::Postgres
        }
    }

    /// The members of a list that is bound as one value, see [`list_of`], for `… IN {}`: a statement keeps its text, and
    /// so its plan, however long the list.
    pub fn list(self, placeholder: &str) -> String {
        match self {
            Self::Sqlite => format!("(SELECT value FROM json_each({placeholder}))"),
            Self::Postgres => {
                format!("(SELECT CAST(jsonb_array_elements_text(CAST({placeholder} AS JSONB)) AS BIGINT))")
            }
        }
    }

    /// The same in SeaORM's words.
    pub fn backend(self) -> DbBackend {
        match self {
            Engine::Sqlite => DbBackend::Sqlite,
            Engine::Postgres => DbBackend::Postgres,
        }
    }
}

/// A list of ids as one value, for [`Engine::list`].
pub fn list_of(ids: &[i64]) -> sea_orm::Value {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    format!("[{}]", ids.join(",")).into()
}

/// A statement without parameters.
pub fn sql(engine: Engine, text: impl Into<String>) -> Statement {
    Statement::from_string(engine.backend(), text.into())
}

/// The database as domains use it: reads on the pool, writes in transactions that can append events.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    ids: Arc<Ids>,
    clock: Clock,
    /// Wakes the outbox relay of this process after a commit that appended events.
    committed: Arc<Notify>,
}

impl Db {
    /// Puts ids and clock to the pools.
    pub fn new(pools: Pools, ids: Arc<Ids>, clock: Clock) -> Self {
        Self {
            pools,
            ids,
            clock,
            committed: Arc::default(),
        }
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.pools.engine()
    }

    /// For queries outside of a transaction.
    pub fn reader(&self) -> &Connection {
        self.pools.reader()
    }

    /// The pools behind it.
    pub fn pools(&self) -> &Pools {
        &self.pools
    }

    /// Told after each commit that appended events.
    pub(crate) fn committed(&self) -> Arc<Notify> {
        Arc::clone(&self.committed)
    }

    /// Runs `work` in a transaction and commits it; an error rolls everything back. The work runs again from its start
    /// when it met a concurrent transaction (serialization failure, deadlock, busy) or lost its connection before the
    /// commit, so it must have no effects outside of the transaction.
    pub async fn write<T, E, F>(&self, work: impl Fn(Tx) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<DbErr>,
    {
        if !self.ids.is_leased() {
            // Another process may have our node by now: an id of ours could be one of its own.
            return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout).into());
        }
        let mut attempt = 1;
        loop {
            let tx = match Tx::begin(&self.pools, Arc::clone(&self.ids), self.clock.now()).await {
                Ok(tx) => tx,
                Err(error) if is_transient(&error) && attempt < ATTEMPTS => {
                    back_off(&mut attempt).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match work(tx.clone()).await {
                Ok(value) => {
                    let appended = tx.has_events();
                    match tx.commit().await {
                        Ok(()) => {
                            if appended {
                                self.committed.notify_one();
                            }
                            return Ok(value);
                        }
                        Err(error) if is_conflict(&error) && attempt < ATTEMPTS => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => {
                    let again = tx.met_a_rival() && attempt < ATTEMPTS;
                    tx.rollback().await;
                    if !again {
                        return Err(error);
                    }
                }
            }
            back_off(&mut attempt).await;
        }
    }

    /// The current time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The id generator of this process.
    pub fn ids(&self) -> &Ids {
        &self.ids
    }
}

async fn back_off(attempt: &mut u32) {
    metrics::counter!("selflink_db_retries_total").increment(1);
    let jitter = u64::from(crate::clock::random_bytes::<1>()[0]) / 16;
    tokio::time::sleep(std::time::Duration::from_millis(
        (1 << (*attempt).min(6)) + jitter,
    ))
    .await;
    *attempt += 1;
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Whether a statement lost against a concurrent transaction and would succeed alone.
fn is_conflict(error: &DbErr) -> bool {
    let Some(sqlx::Error::Database(error)) = sqlx_error(error) else {
        return false;
    };
    // PostgreSQL: serialization failure, deadlock. SQLite: busy, locked, and busy in a snapshot.
    matches!(
        error.code().as_deref(),
        Some("40001" | "40P01" | "5" | "6" | "261" | "517")
    )
}

/// Whether the connection was lost: the same statement on another connection may succeed.
pub(crate) fn is_connection_loss(error: &DbErr) -> bool {
    match sqlx_error(error) {
        Some(sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed) => true,
        // The server is shutting down, crashed, or starting up; the pooler lost its server.
        Some(sqlx::Error::Database(error)) => {
            matches!(
                error.code().as_deref(),
                Some("57P01" | "57P02" | "57P03" | "08006" | "08003" | "08P01")
            )
        }
        _ => false,
    }
}

/// Whether trying again may help.
pub(crate) fn is_transient(error: &DbErr) -> bool {
    is_conflict(error) || is_connection_loss(error)
}

/// Whether the database could not be asked at all, or not in time: the request may be repeated later.
pub fn is_unavailable(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_))
        || is_transient(error)
        || matches!(sqlx_error(error), Some(sqlx::Error::PoolTimedOut))
}

/// Whether an insert or update met a row with the same value in the unique column `column` of `table`. Unique indexes are
/// named `<table>_<column>_unique`.
pub fn violates_unique(error: &DbErr, table: &str, column: &str) -> bool {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) => {
            message.contains(&format!("{table}_{column}_unique"))
                || message.contains(&format!("{table}.{column}"))
        }
        _ => false,
    }
}
