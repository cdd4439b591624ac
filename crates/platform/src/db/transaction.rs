//! The unit of work: what a request changes, and the events it appends, all or nothing.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait as _,
};
use sqlx::Postgres;
use tokio::sync::Mutex;

use super::{Connection, Pools, connection, is_transient, statements};
use crate::id::Ids;

enum Inner {
    Prepared(DatabaseTransaction),
    Simple(Mutex<sqlx::Transaction<'static, Postgres>>),
}

/// A transaction. Made by [`Db::write`](super::Db::write); SeaORM's functions take it as their connection. Cheap to
/// clone, but no clone may outlive the work that it was given to.
#[derive(Clone)]
pub struct Tx(Arc<Unit>);

struct Unit {
    inner: Inner,
    ids: Arc<Ids>,
    now: DateTime<Utc>,
    has_events: AtomicBool,
    met_a_rival: AtomicBool,
}

impl Tx {
    pub(super) async fn begin(pools: &Pools, ids: Arc<Ids>, now: DateTime<Utc>) -> Result<Self, DbErr> {
        let inner = match pools.writer() {
            Connection::Prepared(connection) => {
                // A deferred SQLite transaction that reads first could not become a writer when another has written.
                let options = TransactionOptions {
                    sqlite_transaction_mode: (connection.get_database_backend() == DbBackend::Sqlite)
                        .then_some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                };
                Inner::Prepared(connection.begin_with_options(options).await?)
            }
            Connection::Simple(pool) => {
                let begun = pool
                    .begin()
                    .await
                    .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
                Inner::Simple(Mutex::new(begun))
            }
        };
        let (has_events, met_a_rival) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self(Arc::new(Unit {
            inner,
            ids,
            now,
            has_events,
            met_a_rival,
        })))
    }

    /// The moment at which the transaction began: the time of everything it writes.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.now
    }

    /// A fresh id.
    pub fn next_id(&self) -> i64 {
        self.0.ids.next()
    }

    /// A fresh id that is greater than this one, whichever process made it.
    pub fn next_id_after(&self, id: i64) -> i64 {
        self.0.ids.next_after(id)
    }

    pub(crate) fn note_event(&self) {
        self.0.has_events.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_events(&self) -> bool {
        self.0.has_events.load(Ordering::Relaxed)
    }

    /// Whether a statement failed in a way that a repetition of the whole transaction may mend.
    pub(super) fn met_a_rival(&self) -> bool {
        self.0.met_a_rival.load(Ordering::Relaxed)
    }

    pub(super) async fn commit(self) -> Result<(), DbErr> {
        match self.into_inner()? {
            Inner::Prepared(tx) => tx.commit().await,
            Inner::Simple(tx) => tx
                .into_inner()
                .commit()
                .await
                .map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into()))),
        }
    }

    pub(super) async fn rollback(self) {
        let outcome = match self.into_inner() {
            Ok(Inner::Prepared(tx)) => tx.rollback().await,
            Ok(Inner::Simple(tx)) => tx
                .into_inner()
                .rollback()
                .await
                .map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into()))),
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            // The connection is gone or will be: the database rolls back by itself.
            tracing::debug!(%error, "rollback failed");
        }
    }

    fn into_inner(self) -> Result<Inner, DbErr> {
        let unit = Arc::try_unwrap(self.0)
            .map_err(|_| DbErr::Custom("a transaction was kept beyond its end".to_owned()))?;
        Ok(unit.inner)
    }

    fn noted<T>(&self, outcome: Result<T, DbErr>) -> Result<T, DbErr> {
        if outcome.as_ref().is_err_and(is_transient) {
            self.0.met_a_rival.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        match &self.0.inner {
            Inner::Prepared(tx) => tx.get_database_backend(),
            Inner::Simple(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        statements::count();
        self.noted(match &self.0.inner {
            Inner::Prepared(tx) => tx.execute_raw(statement).await,
            Inner::Simple(tx) => connection::execute(&mut **tx.lock().await, statement.to_string()).await,
        })
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        statements::count();
        self.noted(match &self.0.inner {
            Inner::Prepared(tx) => tx.execute_unprepared(sql).await,
            Inner::Simple(tx) => connection::execute(&mut **tx.lock().await, sql.to_owned()).await,
        })
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        statements::count();
        self.noted(match &self.0.inner {
            Inner::Prepared(tx) => tx.query_one_raw(statement).await,
            Inner::Simple(tx) => connection::query_one(&mut **tx.lock().await, statement.to_string()).await,
        })
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        statements::count();
        self.noted(match &self.0.inner {
            Inner::Prepared(tx) => tx.query_all_raw(statement).await,
            Inner::Simple(tx) => connection::query_all(&mut **tx.lock().await, statement.to_string()).await,
        })
    }
}
