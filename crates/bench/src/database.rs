//! The databases a server is measured on: made for one measurement, gone after it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

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
    pub fn create(backend: Backend, folder: &Path, postgres_url: &str) -> Result<Self> {
        match backend {
            Backend::Sqlite => Ok(Self::Sqlite {
                path: folder.join("selflink.db"),
            }),
            Backend::Postgres => PostgresDatabase::create(postgres_url).map(Self::Postgres),
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
    pub fn analyze(&self) -> Result<()> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres(database) => query(&database.url, "VACUUM ANALYZE"),
        }
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
    fn create(admin_url: &str) -> Result<Self> {
        let name = format!("bench_{:016x}", rand::random::<u64>());
        let url = with_database(admin_url, &name)?;
        query(admin_url, &format!("CREATE DATABASE {name}"))?;
        Ok(Self {
            url,
            name,
            admin_url: admin_url.to_owned(),
        })
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        if let Err(error) = query(
            &self.admin_url,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        ) {
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

/// Sends one statement through `psql`.
fn query(url: &str, sql: &str) -> Result<()> {
    let output = Command::new(client("psql")?)
        .args([
            "--no-psqlrc",
            "--quiet",
            "--no-password",
            "--set",
            "ON_ERROR_STOP=1",
            "--command",
            sql,
            url,
        ])
        .stdin(Stdio::null())
        .output()
        .context("starting psql")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "PostgreSQL refused `{sql}`: {}",
        complaint.trim()
    );
    Ok(())
}

/// One of the client programs that come with PostgreSQL.
pub fn client(program: &str) -> Result<PathBuf> {
    let configured = Command::new("pg_config")
        .arg("--bindir")
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|folder| PathBuf::from(folder.trim()));
    let Some(path) = configured
        .into_iter()
        .chain(debian_folders())
        .map(|folder| folder.join(program))
        .find(|p| p.is_file())
    else {
        bail!(
            "{program} is not installed: it comes with PostgreSQL, in the folder `pg_config --bindir` names"
        );
    };
    Ok(path)
}

/// Debian's `/usr/lib/postgresql/<version>/bin`, the newest version first.
fn debian_folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
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

    #[test]
    fn sqlite_lives_in_the_given_folder() {
        let database = Database::create(Backend::Sqlite, Path::new("/tmp/x"), "").unwrap();
        assert_eq!(database.url(), "sqlite:///tmp/x/selflink.db");
    }
}
