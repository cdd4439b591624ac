//! The schema: every domain owns its migrations; they are applied in the order of the domains, in one transaction.

use anyhow::Context as _;
use sea_orm::{
    ConnectionTrait as _, DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait as _,
};
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf, SchemaManager};

use super::{Connection, Engine, Pools, sql};
use crate::{domain::Domain, id::Layout};

/// Runs `statements` (separated by `;` at the end of a line), written once for both engines in the words of PostgreSQL:
/// `BIGINT PRIMARY KEY`, `TIMESTAMPTZ`, `JSONB`, `DATE` and `TIME` become SQLite's own.
pub async fn create(manager: &SchemaManager<'_>, statements: &str) -> Result<(), DbErr> {
    let sqlite = manager.get_database_backend() == Engine::Sqlite.backend();
    for statement in statements
        .split(";\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
    {
        let text = if sqlite {
            // Without the exact words INTEGER PRIMARY KEY the key would be a second index.
            statement
                .replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")
                .replace(" TIMESTAMPTZ", " TEXT")
                .replace(" JSONB", " TEXT")
                .replace(" DATE", " TEXT")
                .replace(" TIME", " TEXT")
        } else {
            statement.to_owned()
        };
        manager.get_connection().execute_unprepared(&text).await?;
    }
    Ok(())
}

struct Migrations<'a>(&'a [Domain]);

#[async_trait::async_trait]
impl MigratorTraitSelf for Migrations<'_> {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        crate::migrations::all()
            .into_iter()
            .chain(self.0.iter().flat_map(|domain| (domain.migrations)()))
            .collect()
    }
}

/// Brings the database to the schema of this program and settles its id layout. Two processes that start at once do it
/// one after the other; a crash in the middle leaves the schema as it was.
pub async fn migrate(pools: &Pools, domains: &[Domain], wanted: Option<Layout>) -> anyhow::Result<Layout> {
    let engine = pools.engine();
    let pool;
    let connection = match pools.writer() {
        Connection::Prepared(connection) => connection,
        // One transaction stays on one server connection, so prepared statements do work in it.
        Connection::Simple(simple) => {
            pool = sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool(simple.clone());
            &pool
        }
    };
    let options = TransactionOptions {
        sqlite_transaction_mode: (engine == Engine::Sqlite).then_some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let tx = connection
        .begin_with_options(options)
        .await
        .context("could not begin the migration")?;
    if engine == Engine::Postgres {
        // Names of statements that another client left on a pooled server connection would clash with ours.
        tx.execute_unprepared("DEALLOCATE ALL").await?;
        tx.execute_unprepared("SELECT pg_advisory_xact_lock(5067431092)")
            .await?;
    }
    MigratorTraitSelf::up(&Migrations(domains), &tx, None)
        .await
        .context("could not migrate the database")?;
    let layout = match (stored_layout(&tx).await?, wanted) {
        (Some(stored), Some(wanted)) if stored != wanted => return Err(other_layout(stored, wanted)),
        (Some(stored), _) => stored,
        (None, wanted) => {
            let layout = wanted.unwrap_or(Layout::Compact);
            let row = "INSERT INTO instance (name, value) VALUES ('id_layout', $1)";
            tx.execute_raw(Statement::from_sql_and_values(
                engine.backend(),
                row,
                [layout.to_string().into()],
            ))
            .await?;
            layout
        }
    };
    if engine == Engine::Postgres && pools.is_pooled() {
        tx.execute_unprepared("DEALLOCATE ALL").await?;
    }
    tx.commit().await.context("could not commit the migration")?;
    Ok(layout)
}

/// The layout of a database that must have the schema of this program already.
pub async fn require(pools: &Pools, domains: &[Domain], wanted: Option<Layout>) -> anyhow::Result<Layout> {
    let pending = Migrations(domains)
        .get_pending_migrations_read_only(pools.reader())
        .await?;
    if !pending.is_empty() {
        anyhow::bail!(
            "the database lacks {} migrations of this program: run `selflink migrate` first",
            pending.len()
        );
    }
    match (stored_layout(pools.reader()).await?, wanted) {
        (Some(stored), Some(wanted)) if stored != wanted => Err(other_layout(stored, wanted)),
        (Some(stored), _) => Ok(stored),
        (None, _) => anyhow::bail!("the database names no id layout: run `selflink migrate` first"),
    }
}

fn other_layout(stored: Layout, wanted: Layout) -> anyhow::Error {
    anyhow::anyhow!(
        "ID_LAYOUT is {wanted}, but the database was created with {stored}: the layout of an instance cannot change"
    )
}

/// The layout that the database was first migrated with.
async fn stored_layout(on: &impl sea_orm::ConnectionTrait) -> anyhow::Result<Option<Layout>> {
    let engine = if on.get_database_backend() == Engine::Sqlite.backend() {
        Engine::Sqlite
    } else {
        Engine::Postgres
    };
    let row = on
        .query_one_raw(sql(engine, "SELECT value FROM instance WHERE name = 'id_layout'"))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let text: String = row.try_get("", "value")?;
    text.parse()
        .map(Some)
        .with_context(|| format!("the database names an unknown id layout: {text}"))
}
