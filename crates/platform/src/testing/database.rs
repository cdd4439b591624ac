//! A database for one test, removed with the last handle to it.

use std::{path::PathBuf, sync::Arc};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::clock::random_hex;

/// Whether tests run on PostgreSQL and Redis.
pub fn is_postgres() -> bool {
    variable("TEST_DATABASE", "sqlite") == "postgres"
}

fn variable(name: &str, default: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "the harness is set up by the one who runs the tests"
    )]
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// A fresh database with a data folder, and on PostgreSQL a prefix of its own in Redis.
#[derive(Clone)]
pub struct TestDatabase(Arc<Resources>);

struct Resources {
    name: String,
    folder: PathBuf,
}

impl TestDatabase {
    /// Makes it.
    pub async fn create() -> Self {
        let name = format!("selflink_test_{}", random_hex::<6>());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).expect("a folder is made");
        if is_postgres() {
            execute(format!("CREATE DATABASE {name}")).await;
        }
        Self(Arc::new(Resources { name, folder }))
    }

    /// Its folder: the data folder of instances on it.
    pub fn folder(&self) -> PathBuf {
        self.0.folder.clone()
    }

    /// The URL of the main database.
    pub fn url(&self) -> String {
        if is_postgres() {
            let server = server();
            let (base, _) = server.rsplit_once('/').expect("the URL names a database");
            format!("{base}/{}", self.0.name)
        } else {
            format!("sqlite://{}", self.0.folder.join("selflink.db").display())
        }
    }

    /// The variables with which a process runs on it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("SELFLINK_DATA_DIR", self.0.folder.display().to_string()),
            ("DATABASE_URL", self.url()),
            ("DATABASE_POOL_SIZE", "6".to_owned()),
            (
                "SECRET_KEY",
                "test-secret-key-0123456789-abcdefghijklmnop".to_owned(),
            ),
            ("PASSWORD_HASH_MEMORY_KIB", "8".to_owned()),
            ("PASSWORD_HASH_ITERATIONS", "1".to_owned()),
            ("THROTTLE_IP_RATE", String::new()),
            ("THROTTLE_USER_RATE", String::new()),
            ("THROTTLE_ANON_RATE", String::new()),
            ("LOG_LEVEL", "warn".to_owned()),
        ];
        if is_postgres() {
            settings.push((
                "REDIS_URL",
                variable("TEST_REDIS_URL", "redis://127.0.0.1:6379/9"),
            ));
            settings.push(("REDIS_PREFIX", format!("{}:", self.0.name)));
        }
        settings
    }
}

fn server() -> String {
    variable("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
}

async fn execute(statement: String) {
    let mut connection = PgConnection::connect(&server())
        .await
        .expect("PostgreSQL runs (TEST_DATABASE_URL)");
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await
        .expect("the statement succeeds");
}

impl Drop for Resources {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
        if is_postgres() {
            let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            // The runtime of the test may be ending: this one ends by itself. A failed test must not fail here again.
            let removal = std::thread::spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.map(|runtime| runtime.block_on(execute(statement)))
            });
            let _ = removal.join();
        }
    }
}
