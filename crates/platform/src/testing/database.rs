//! A database for one test, with a folder and a Redis prefix of its own.

use std::{path::PathBuf, sync::Arc};

use super::postgres::PostgresDatabase;
use crate::clock::random_hex;

/// Whether tests run on PostgreSQL and Redis.
pub fn is_postgres() -> bool {
    variable("TEST_DATABASE", "sqlite") == "postgres"
}

pub(super) fn variable(name: &str, default: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "the harness is set up by the one who runs the tests"
    )]
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// A database with a data folder, and on PostgreSQL a prefix of its own in Redis; let go of with the last handle to it.
#[derive(Clone)]
pub struct TestDatabase(Arc<Resources>);

struct Resources {
    name: String,
    folder: PathBuf,
    postgres: Option<PostgresDatabase>,
    is_reused: bool,
}

impl TestDatabase {
    /// One without rows. On PostgreSQL it may have been migrated already: an earlier test's, emptied.
    pub async fn create() -> Self {
        let postgres = if is_postgres() {
            Some(PostgresDatabase::without_rows().await)
        } else {
            None
        };
        Self::of(postgres, true)
    }

    /// One that has never been migrated, and that no other test gets: what is done to its schema stays in it.
    pub async fn unmigrated() -> Self {
        let postgres = if is_postgres() {
            Some(PostgresDatabase::without_tables().await)
        } else {
            None
        };
        Self::of(postgres, false)
    }

    fn of(postgres: Option<PostgresDatabase>, is_reused: bool) -> Self {
        let name = format!("selflink_test_{}", random_hex::<6>());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).expect("a folder is made");
        Self(Arc::new(Resources {
            name,
            folder,
            postgres,
            is_reused,
        }))
    }

    /// Its folder: the data folder of instances on it.
    pub fn folder(&self) -> PathBuf {
        self.0.folder.clone()
    }

    /// The URL of the main database.
    pub fn url(&self) -> String {
        match &self.0.postgres {
            Some(database) => database.url(),
            None => format!("sqlite://{}", self.0.folder.join("selflink.db").display()),
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
            ("SIGN_IN_PAIR_RATE", String::new()),
            ("SIGN_IN_ADDRESS_RATE", String::new()),
            ("SIGN_IN_ACCOUNT_RATE", String::new()),
            ("ACCOUNT_MAIL_RATE", String::new()),
            ("PASSWORD_RESET_ADDRESS_RATE", String::new()),
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

impl Drop for Resources {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
        if let Some(database) = self.postgres.take()
            && self.is_reused
        {
            database.let_go();
        }
    }
}
