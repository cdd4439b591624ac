//! Databases on the PostgreSQL server of the tests.
//!
//! To make and drop one takes a second on a slow disk, so a process empties and reuses its own. Those of a process that has
//! ended are dropped by the next one: an advisory lock, which ends with its connection, tells that a database is in use.

use parking_lot::Mutex;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use tokio::sync::OnceCell;

use super::database::variable;
use crate::clock::random_hex;

const PREFIX: &str = "selflink_kept_test_";

/// Deletes the rows of every table but those that say which migrations have run.
const EMPTY: &str = "SET session_replication_role = replica; \
    DO $$ DECLARE t record; BEGIN \
    FOR t IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') \
        AND tablename NOT IN ('seaql_migrations', '_sqlx_migrations') \
    LOOP EXECUTE format('DELETE FROM %I.%I', t.schemaname, t.tablename); END LOOP; END $$";

static FREE: Mutex<Vec<PostgresDatabase>> = Mutex::new(Vec::new());
static STALE_ARE_DROPPED: OnceCell<()> = OnceCell::const_new();

pub(super) struct PostgresDatabase {
    name: String,
    /// Holds the lock; never spoken over again, as the runtime of the test that opened it ends.
    _lock: PgConnection,
}

impl PostgresDatabase {
    pub(super) async fn without_rows() -> Self {
        let free = FREE.lock().pop();
        match free {
            Some(database) => {
                let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
                execute(&url_of("postgres"), format!("{terminate} = '{}'", database.name)).await;
                execute(&database.url(), EMPTY.to_owned()).await;
                database
            }
            None => Self::without_tables().await,
        }
    }

    pub(super) async fn without_tables() -> Self {
        STALE_ARE_DROPPED.get_or_init(drop_stale).await;
        let name = format!("{PREFIX}{}", random_hex::<6>());
        let mut connection = connect(&url_of("postgres")).await;
        let locked = lock(&mut connection, &name).await;
        assert!(locked, "nobody else has a database of this name");
        execute(&url_of("postgres"), format!("CREATE DATABASE {name}")).await;
        Self {
            name,
            _lock: connection,
        }
    }

    pub(super) fn url(&self) -> String {
        url_of(&self.name)
    }

    /// Leaves it to the next test.
    pub(super) fn let_go(self) {
        FREE.lock().push(self);
    }
}

async fn drop_stale() {
    let mut connection = connect(&url_of("postgres")).await;
    let query = format!("SELECT datname::text FROM pg_database WHERE datname LIKE '{PREFIX}%'");
    let rows = sqlx::raw_sql(AssertSqlSafe(query))
        .fetch_all(&mut connection)
        .await;
    for row in rows.expect("the databases are listed") {
        let name: String = row.get(0);
        if lock(&mut connection, &name).await {
            // Another process may be about to do the same.
            let dropped = format!("DROP DATABASE IF EXISTS {name}");
            let _ = sqlx::raw_sql(AssertSqlSafe(dropped))
                .execute(&mut connection)
                .await;
        }
    }
}

/// Locks a name until the connection ends; whether nobody else has it.
async fn lock(connection: &mut PgConnection, name: &str) -> bool {
    let query = format!("SELECT pg_try_advisory_lock(hashtextextended('{name}', 0))");
    let row = sqlx::raw_sql(AssertSqlSafe(query)).fetch_one(connection).await;
    row.expect("PostgreSQL answers").get(0)
}

/// The server's URL with another database. Without TLS: the handshake would take longer than most tests.
fn url_of(database: &str) -> String {
    let server = variable("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres");
    let (base, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{database}?sslmode=disable")
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url)
        .await
        .expect("PostgreSQL runs (TEST_DATABASE_URL)")
}

async fn execute(url: &str, statement: String) {
    let mut connection = connect(url).await;
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await
        .expect("the statement succeeds");
}
