//! What finds ids: an index of the database itself, PostgreSQL's or SQLite's, and OpenSearch where there is one.
//!
//! The database is the one that is always right soon: what a subscriber has written is found, and searches wait for what is
//! on its way to it. OpenSearch follows by jobs.

mod breaker;
mod database;
mod opensearch;
mod postgres;
mod sqlite;

use platform::{
    App,
    http::{Viewer, Walk},
};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

pub use opensearch::OpenSearchEngine;

use crate::query::Query;

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Users,
    Posts,
}

impl What {
    /// The word for it, in commands and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Posts => "posts",
        }
    }
}

/// How a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The text as it is, anywhere; newest first.
    Part,
    /// All of its words, anywhere; the best first, or newest first in pages. Of posts only.
    Words,
}

/// A search.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub viewer: &'a Viewer,
    pub what: What,
    pub query: &'a Query,
    pub mode: Mode,
    /// How many hits are wanted, and from which id on.
    pub walk: Walk,
    /// Whether hits are wanted in the order of their ids, as pages are; otherwise in the best one that the engine knows.
    pub by_id: bool,
    /// How many hits were tried before: further ones are wanted.
    pub skip: usize,
}

/// What an engine found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// In their order.
    pub ids: Vec<i64>,
    /// Whether there may be further ones behind them.
    pub has_more: bool,
}

/// Why an engine has found nothing.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Database(#[from] DbErr),
    /// It does not answer, or not what was asked.
    #[error("OpenSearch is of no use: {0}")]
    Away(String),
    /// It refuses this one search.
    #[error("OpenSearch refuses: {0}")]
    Refused(String),
}

/// Something that finds ids.
#[async_trait::async_trait]
pub trait Engine: Send + Sync {
    /// Finds. Hits may be more than the viewer may see: whoever asks shows what identity and social show of them.
    async fn find(&self, app: &App, ask: &Ask<'_>) -> Result<Hits, EngineError>;

    /// Makes the index say of these ids (at most [`LARGEST_BATCH`]) what the database says of them now; nothing of those
    /// that are gone. In whatever order several of these run, the last word is the database's.
    async fn refresh(&self, app: &App, what: What, ids: &[i64]) -> Result<(), EngineError>;
}

/// Most ids that are refreshed at once.
pub const LARGEST_BATCH: u32 = 500;

/// The engine of the database.
pub fn of_database(app: &App) -> &'static dyn Engine {
    match app.db().engine() {
        platform::db::Engine::Postgres => &postgres::Postgres,
        platform::db::Engine::Sqlite => &sqlite::Sqlite,
    }
}
