//! The floor of a scenario: the work of its requests with no server around it. No server can be faster.

pub mod broadcast;
mod hashing;
mod pgbench;

use std::path::Path;

use anyhow::{Context, Result};

use crate::database::{Backend, Database};
use crate::scenario::Stage;

/// What a scenario is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Floor {
    /// A `pgbench` script with the SQL of one request; on PostgreSQL only.
    ///
    /// It can use `:user_id`, the id of the first account, and `:shown_id`, that of [`Stage::shown`].
    Sql(&'static str),
    /// Password hashes of the server's default cost, on all cores.
    PasswordHashing,
}

/// Where a floor is measured.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub stage: &'a Stage,
    pub database: &'a Database,
    /// Files can be written here.
    pub folder: &'a Path,
    pub seconds: u32,
}

impl Floor {
    /// What does the work, as the report calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sql(_) => "pgbench",
            Self::PasswordHashing => "argon2id on all cores",
        }
    }

    /// Whether it can be measured beside this database.
    pub fn applies_to(self, backend: Backend) -> bool {
        match self {
            Self::Sql(_) => backend == Backend::Postgres,
            Self::PasswordHashing => true,
        }
    }

    /// How often a second the work of one request is done.
    pub async fn measure(self, ground: Ground<'_>) -> Result<f64> {
        match self {
            Self::Sql(sql) => {
                let stage = ground.stage;
                let first = stage.accounts.first().context("a floor in SQL needs accounts")?;
                let load = pgbench::Load {
                    sql,
                    database_url: &ground.database.url(),
                    variables: &[("user_id", &first.id), ("shown_id", &stage.shown().id)],
                    connections: stage.connections,
                    seconds: ground.seconds,
                };
                load.measure(ground.folder).await
            }
            Self::PasswordHashing => hashing::measure(ground.seconds).await,
        }
    }
}
