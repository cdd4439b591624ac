//! Where jobs wait: apalis' tables in SQLite or PostgreSQL, how they are opened and filled.

use std::{path::Path, str::FromStr as _, time::Duration};

use anyhow::Context as _;
use apalis::prelude::{Task, TaskBuilder, TaskSink as _, TaskSinkError};
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::{
    ConnectOptions as _, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{Envelope, JobStore, worker};

/// The one queue's name in apalis' tables.
pub(super) const QUEUE: &str = "selflink";
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(10);
const BUSY_PAUSE: Duration = Duration::from_millis(50);
const PAUSE_BEFORE_LISTENING_AGAIN: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

#[derive(Clone)]
pub(super) struct Store {
    pub(super) pool: Pool,
    /// The same pool, for statements that both engines understand.
    pub(super) db: DatabaseConnection,
}

impl Store {
    pub(super) async fn open(store: JobStore) -> anyhow::Result<Self> {
        match store {
            JobStore::Sqlite { path } => {
                let pool = open_sqlite(&path)
                    .await
                    .with_context(|| format!("the job store {}", path.display()))?;
                let db = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone());
                Ok(Self {
                    pool: Pool::Sqlite(pool),
                    db,
                })
            }
            JobStore::Postgres { url } => {
                let pool = open_postgres(&url).await.context("the job store in PostgreSQL")?;
                let db = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
                Ok(Self {
                    pool: Pool::Postgres(pool),
                    db,
                })
            }
        }
    }

    pub(super) async fn push(
        &self,
        envelope: Envelope,
        key: Option<String>,
        run_at: Option<DateTime<Utc>>,
    ) -> anyhow::Result<()> {
        let task = task(envelope, key, run_at);
        match &self.pool {
            Pool::Sqlite(pool) => sqlite_backend(pool).push_task(task).await?,
            Pool::Postgres(pool) => match postgres_backend(pool).push_task(task).await {
                // SQLite's statement says ON CONFLICT DO NOTHING, this one's does not.
                Err(TaskSinkError::PushError(apalis_postgres::Error::Database(sqlx::Error::Database(
                    error,
                )))) if error.is_unique_violation() => {}
                pushed => pushed?,
            },
        }
        Ok(())
    }

    /// Wakes this process' workers when another process enqueues a job. On SQLite there is nothing to listen to,
    /// workers poll.
    pub(super) async fn listen(self, wake: watch::Sender<()>) {
        let Pool::Postgres(pool) = self.pool else { return };
        loop {
            if let Err(error) = listen(&pool, &wake).await {
                tracing::warn!(%error, "not listening for new jobs, polling only; trying again");
            }
            sleep(PAUSE_BEFORE_LISTENING_AGAIN).await;
        }
    }
}

fn task(envelope: Envelope, key: Option<String>, run_at: Option<DateTime<Utc>>) -> Task<Envelope> {
    let mut task = TaskBuilder::new(envelope);
    if let Some(key) = key {
        task = task.idempotency_key(key);
    }
    if let Some(run_at) = run_at {
        // Whole seconds, rounded up: never early.
        let seconds = run_at.timestamp() + i64::from(run_at.timestamp_subsec_nanos() > 0);
        task = task.run_at_timestamp(u64::try_from(seconds).unwrap_or(0));
    }
    task.build()
}

// `batch_size(1)`: apalis sends no heartbeat while it holds jobs that it has fetched and not begun, so it must not
// fetch more than one. `lock_tasks`, `persist_results`: see the module's documentation.

pub(super) fn sqlite_backend(pool: &SqlitePool) -> SqliteStorage<Envelope> {
    let config = apalis_sqlite::Config::default()
        .queue(QUEUE)
        .batch_size(1)
        .heartbeat_interval(worker::HEARTBEAT)
        .missed_heartbeats(worker::MISSED_HEARTBEATS)
        .lock_tasks(false)
        .persist_results(false);
    SqliteStorage::new(pool).with_config(config)
}

pub(super) fn postgres_backend(pool: &PgPool) -> PostgresStorage<Envelope> {
    let config = apalis_postgres::Config::default()
        .queue(QUEUE)
        .batch_size(1)
        .heartbeat_interval(worker::HEARTBEAT)
        .missed_heartbeats(worker::MISSED_HEARTBEATS)
        .lock_tasks(false)
        .persist_results(false);
    PostgresStorage::new(pool).with_config(config)
}

async fn open_sqlite(path: &Path) -> anyhow::Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(WAIT_FOR_CONNECTION)
        .disable_statement_logging();
    // One connection: the statements are short, and waiting in line for it is fairer and quicker than SQLite's
    // sleeping until a lock is free.
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(WAIT_FOR_CONNECTION)
        .idle_timeout(None)
        .max_lifetime(None);
    let began = Instant::now();
    // SQLite does not wait for a lock when it turns a new file to WAL while another process does the same.
    let pool = loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && began.elapsed() < WAIT_FOR_CONNECTION => sleep(BUSY_PAUSE).await,
            connected => break connected?,
        }
    };
    // Not apalis' `setup`: it turns `synchronous` off. The outer transaction keeps a second process out, which on
    // SQLite the migrator itself does not.
    let mut transaction = pool.begin_with("BEGIN EXCLUSIVE").await?;
    SqliteStorage::migrations()
        .run_direct(None, &mut *transaction, false)
        .await?;
    transaction.commit().await?;
    Ok(pool)
}

fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: u32 = 5;
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    // The primary code is the extended code's lowest byte.
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

async fn open_postgres(url: &str) -> anyhow::Result<PgPool> {
    // The parser's error is dropped: it may quote the URL.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| anyhow::anyhow!("its URL is not valid"))?
        .application_name("selflink-jobs")
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(3)
        .acquire_timeout(WAIT_FOR_CONNECTION)
        .connect_with(options)
        .await?;
    // The migrator takes an advisory lock.
    PostgresStorage::setup(&pool).await?;
    Ok(pool)
}

/// Returns when listening has failed for good; a connection that is merely lost is made again.
async fn listen(pool: &PgPool, wake: &watch::Sender<()>) -> Result<(), sqlx::Error> {
    // A connection of its own, so that the pool's are all for short statements.
    let own = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with((*pool.connect_options()).clone());
    let mut listener = PgListener::connect_with(&own).await?;
    // The channel that a trigger of apalis' schema notifies.
    listener.listen("apalis::job::insert").await?;
    loop {
        wake.send_replace(());
        listener.recv().await?;
    }
}
