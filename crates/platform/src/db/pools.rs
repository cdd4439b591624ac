//! Opening the database.

use std::{str::FromStr as _, time::Duration};

use anyhow::Context as _;
use sea_orm::{ConnectionTrait as _, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::{
    ConnectOptions as _, Connection as _, Row as _, SqlitePool,
    postgres::{PgConnectOptions, PgConnection, PgPoolOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Connection, Engine, sql};
use crate::config::{Config, ConnectionUrl};

/// A connection that rested for longer than this is tried before it is used: the server may have closed it.
const TRUSTED_REST: Duration = Duration::from_secs(30);
/// How long SQLite waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The pools of one process: readers and writer of SQLite, or one pool for both on PostgreSQL.
#[derive(Debug, Clone)]
pub struct Pools {
    engine: Engine,
    reader: Connection,
    writer: Connection,
    closing: Vec<Closing>,
}

#[derive(Debug, Clone)]
enum Closing {
    Postgres(sqlx::PgPool),
    Sqlite(SqlitePool),
}

impl Pools {
    /// Opens the database of the settings; a SQLite file and its folder are made when missing.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let url = config.database_url();
        if url.expose().starts_with("sqlite:") {
            Self::open_sqlite(config, &url).await
        } else if url.expose().starts_with("postgres:") || url.expose().starts_with("postgresql:") {
            Self::open_postgres(config, &url).await
        } else {
            anyhow::bail!("DATABASE_URL must start with postgres:// or sqlite://")
        }
    }

    async fn open_sqlite(config: &Config, url: &ConnectionUrl) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::from_str(url.expose())
            .context("DATABASE_URL is no valid SQLite URL")?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("temp_store", "memory")
            // Without it `INSERT OR REPLACE` would delete rows of append-only tables past their triggers.
            .pragma("recursive_triggers", "on")
            .disable_statement_logging();
        if let Some(folder) = options
            .get_filename()
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("could not make the folder {}", folder.display()))?;
        }
        let pool = |most| {
            SqlitePoolOptions::new()
                .max_connections(most)
                .acquire_timeout(Duration::from_secs(config.database.acquire_timeout_seconds))
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let file = options.get_filename().display().to_string();
        // The writer goes first: it makes the file and turns the write-ahead log on.
        let writer = pool(1)
            .connect_with(options.clone())
            .await
            .with_context(|| format!("could not open the database {file}"))?;
        let readers = pool(config.database.pool_size)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self {
            engine: Engine::Sqlite,
            reader: Connection::Prepared(SqlxSqliteConnector::from_sqlx_sqlite_pool(readers.clone())),
            writer: Connection::Prepared(SqlxSqliteConnector::from_sqlx_sqlite_pool(writer.clone())),
            closing: vec![Closing::Sqlite(readers), Closing::Sqlite(writer)],
        })
    }

    async fn open_postgres(config: &Config, url: &ConnectionUrl) -> anyhow::Result<Self> {
        let options = postgres_options(config, url)?;
        let pooled = leads_through_a_pooler(&options).await?;
        let pool = PgPoolOptions::new()
            .max_connections(config.database.pool_size)
            .acquire_timeout(Duration::from_secs(config.database.acquire_timeout_seconds))
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move { Ok(meta.idle_for < TRUSTED_REST || connection.ping().await.is_ok()) })
            })
            .connect_with(options)
            .await
            .context("could not connect to the database of DATABASE_URL")?;
        let connection = if pooled {
            tracing::info!(
                "the database is behind a transaction pooler: statements are sent by the simple protocol"
            );
            Connection::Simple(pool.clone())
        } else {
            Connection::Prepared(SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()))
        };
        let closing = vec![Closing::Postgres(pool)];
        Ok(Self {
            engine: Engine::Postgres,
            reader: connection.clone(),
            writer: connection,
            closing,
        })
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Whether a transaction pooler stands between.
    pub fn is_pooled(&self) -> bool {
        matches!(self.reader, Connection::Simple(_))
    }

    /// For queries outside of a transaction.
    pub fn reader(&self) -> &Connection {
        &self.reader
    }

    /// For statements that write without a transaction of several: leases, the relay's claims.
    pub(crate) fn writer(&self) -> &Connection {
        &self.writer
    }

    /// Whether the database answers.
    pub async fn check(&self) -> Result<(), sea_orm::DbErr> {
        self.reader
            .query_one_raw(sql(self.engine, "SELECT 1"))
            .await
            .map(drop)
    }

    /// Connections that are open, and how many of them rest.
    pub(crate) fn connections(&self) -> (usize, usize) {
        let of_pool = |pool: &Closing| match pool {
            Closing::Postgres(pool) => (pool.size() as usize, pool.num_idle()),
            Closing::Sqlite(pool) => (pool.size() as usize, pool.num_idle()),
        };
        self.closing
            .iter()
            .map(of_pool)
            .fold((0, 0), |(open, idle), (more, resting)| {
                (open + more, idle + resting)
            })
    }

    /// Closes all connections; SQLite folds its write-ahead log into the file.
    pub async fn close(&self) {
        for pool in &self.closing {
            match pool {
                Closing::Postgres(pool) => pool.close().await,
                Closing::Sqlite(pool) => pool.close().await,
            }
        }
    }
}

fn postgres_options(config: &Config, url: &ConnectionUrl) -> anyhow::Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url.expose())
        .map_err(|_| anyhow::anyhow!("DATABASE_URL is no valid PostgreSQL URL"))?
        .application_name("selflink")
        // PgBouncer refuses start-up parameters that it does not know.
        .extra_float_digits(None)
        .disable_statement_logging();
    Ok(if config.database.ssl {
        options.ssl_mode(PgSslMode::Require)
    } else {
        options
    })
}

/// A server takes a made-up setting at the start of a session and knows it later; a pooler refuses or forgets it.
async fn leads_through_a_pooler(options: &PgConnectOptions) -> anyhow::Result<bool> {
    let asking = options.clone().options([("selflink.direct", "yes")]);
    match PgConnection::connect_with(&asking).await {
        Ok(mut connection) => {
            let known = sqlx::raw_sql(
                "SELECT coalesce(current_setting('selflink.direct', true), '') = 'yes' AS direct",
            );
            let direct = known
                .fetch_one(&mut connection)
                .await
                .and_then(|row| row.try_get::<bool, _>("direct"));
            // The answer is known; how the connection ends does not matter.
            let _ = connection.close().await;
            Ok(!direct.unwrap_or(false))
        }
        Err(sqlx::Error::Database(error)) if error.message().contains("startup parameter") => Ok(true),
        Err(error) => Err(error).context("could not connect to the database of DATABASE_URL"),
    }
}

/// A PostgreSQL URL that reaches the server itself: `DATABASE_URL` when no pooler stands between, else
/// `DATABASE_DIRECT_URL`, else the address that the server says it has.
pub async fn direct_postgres_url(config: &Config, pools: &Pools) -> anyhow::Result<ConnectionUrl> {
    if let Some(url) = &config.database.direct_url {
        return Ok(url.clone());
    }
    let url = config.database_url();
    if !pools.is_pooled() {
        return Ok(url);
    }
    let named = "set DATABASE_DIRECT_URL to a PostgreSQL URL that does not lead through the pooler";
    let asked = "SELECT host(inet_server_addr()) AS host, inet_server_port() AS port, current_database()::text AS name";
    let row = pools
        .reader()
        .query_one_raw(sql(Engine::Postgres, asked))
        .await?
        .context(named)?;
    let (host, port): (Option<String>, Option<i32>) = (row.try_get("", "host")?, row.try_get("", "port")?);
    let mut direct = url::Url::parse(url.expose()).context("DATABASE_URL is no valid URL")?;
    direct
        .set_host(host.as_deref().or(Some("127.0.0.1")))
        .ok()
        .context(named)?;
    direct
        .set_port(Some(u16::try_from(port.unwrap_or(5432))?))
        .ok()
        .context(named)?;
    direct.set_path(&row.try_get::<String>("", "name")?);
    let options = PgConnectOptions::from_str(direct.as_str()).ok().context(named)?;
    if leads_through_a_pooler(&options).await.context(named)? {
        anyhow::bail!(named);
    }
    tracing::warn!(
        host = direct.host_str(),
        port = direct.port(),
        "the job queue goes past the pooler to the address the server gave; {named} to choose it"
    );
    Ok(ConnectionUrl::new(direct.to_string()))
}
