//! The databases a server is measured on: made for one measurement, gone after it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::runtime;

/// How long SQLite waits for the server that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    Sqlite,
    Postgres,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// An empty database for one server.
#[derive(Debug)]
pub enum Database {
    /// A file that the server creates.
    Sqlite {
        path: PathBuf,
    },
    Postgres(PostgresDatabase),
}

impl Database {
    /// Creates a database: in `folder`, or beside the PostgreSQL database that `postgres_url` names.
    pub async fn create(backend: Backend, folder: &Path, postgres_url: &str) -> Result<Self> {
        match backend {
            Backend::Sqlite => Ok(Self::Sqlite {
                path: folder.join("selflink.db"),
            }),
            Backend::Postgres => PostgresDatabase::create(postgres_url).await.map(Self::Postgres),
        }
    }

    pub fn backend(&self) -> Backend {
        match self {
            Self::Sqlite { .. } => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    /// The server's `DATABASE_URL`.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { path } => format!("sqlite://{}", path.display()),
            Self::Postgres(database) => database.url.clone(),
        }
    }

    /// Brings the planner's statistics up to date, so that they do not change in the middle of a measurement.
    pub async fn analyze(&self) -> Result<()> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres(database) => execute(&database.url, "VACUUM ANALYZE").await,
        }
    }

    /// Runs statements beside the server.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite { path } => {
                let mut connection = open(path).await?;
                let text = AssertSqlSafe(sql.to_owned());
                sqlx::raw_sql(text)
                    .execute(&mut connection)
                    .await
                    .with_context(|| format!("SQLite refused `{sql}`"))?;
                connection.close().await.context("closing the database")
            }
            Self::Postgres(database) => execute(&database.url, sql).await,
        }
    }

    /// The one number that a query finds.
    pub async fn number(&self, sql: &str) -> Result<i64> {
        let text = AssertSqlSafe(sql.to_owned());
        let number = match self {
            Self::Sqlite { path } => {
                let mut connection = open(path).await?;
                sqlx::query_scalar(text).fetch_one(&mut connection).await
            }
            Self::Postgres(database) => {
                let mut connection = connect(&database.url).await?;
                sqlx::query_scalar(text).fetch_one(&mut connection).await
            }
        };
        number.with_context(|| format!("{} refused `{sql}`", self.backend()))
    }
}

/// A PostgreSQL database of its own name, dropped with this value.
#[derive(Debug)]
pub struct PostgresDatabase {
    pub url: String,
    name: String,
    admin_url: String,
}

impl PostgresDatabase {
    async fn create(admin_url: &str) -> Result<Self> {
        let name = format!("bench_{:016x}", rand::random::<u64>());
        let url = with_database(admin_url, &name)?;
        execute(admin_url, &format!("CREATE DATABASE {name}")).await?;
        Ok(Self {
            url,
            name,
            admin_url: admin_url.to_owned(),
        })
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let url = self.admin_url.clone();
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // The runtime that this is dropped on cannot be waited for here.
        let dropped = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(execute(&url, &sql))
        })
        .join()
        .unwrap_or_else(|_| Err(anyhow!("dropping it panicked")));
        if let Err(error) = dropped {
            eprintln!("bench: the database {} is left behind: {error:#}", self.name);
        }
    }
}

/// The same server, user and parameters, but another database.
fn with_database(url: &str, name: &str) -> Result<String> {
    let (scheme, rest) = url
        .split_once("://")
        .context("--postgres-url has to look like postgres://user@host:port/database")?;
    let (place, parameters) = match rest.split_once('?') {
        Some((place, parameters)) => (place, format!("?{parameters}")),
        None => (rest, String::new()),
    };
    let host = place.split_once('/').map_or(place, |(host, _)| host);
    Ok(format!("{scheme}://{host}/{name}{parameters}"))
}

/// Runs statements on PostgreSQL.
async fn execute(url: &str, sql: &str) -> Result<()> {
    let mut connection = connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .with_context(|| format!("PostgreSQL refused `{sql}`"))?;
    connection.close().await.context("closing the database")
}

async fn connect(url: &str) -> Result<PgConnection> {
    PgConnection::connect(url)
        .await
        .context("connecting to PostgreSQL")
}

/// Opens the file that the server has made.
async fn open(path: &Path) -> Result<SqliteConnection> {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .connect()
        .await
        .with_context(|| format!("opening {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        let url = |url| with_database(url, "bench_1").unwrap();
        assert_eq!(
            url("postgres://postgres@127.0.0.1:5432/postgres"),
            "postgres://postgres@127.0.0.1:5432/bench_1"
        );
        assert_eq!(url("postgres://u:p@h"), "postgres://u:p@h/bench_1");
        assert_eq!(
            url("postgres://h/d?sslmode=disable"),
            "postgres://h/bench_1?sslmode=disable"
        );
        assert!(with_database("localhost", "bench_1").is_err());
    }

    #[tokio::test]
    async fn sqlite_lives_in_the_given_folder() {
        let database = Database::create(Backend::Sqlite, Path::new("/tmp/x"), "")
            .await
            .unwrap();
        assert_eq!(database.url(), "sqlite:///tmp/x/selflink.db");
    }
}
