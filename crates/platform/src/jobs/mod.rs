//! Background jobs: work that outlives the request which asked for it.
//!
//! A domain declares a type as a [`Job`], enqueues values of it, and lists it as a [`JobKind`]; a process that
//! [works](Jobs::work) runs them. The queue is apalis' own (one queue, its tables and migrations, its worker loop,
//! its heartbeats) on SQLite or PostgreSQL.
//!
//! # What is promised
//! - A job that was enqueued runs **at least once**, also across crashes: a worker that dies is noticed within
//!   35 seconds and its jobs are taken up by another. Make jobs idempotent.
//! - Two workers never run the same job at the same time. A worker that cannot renew its lease stops its jobs
//!   before anyone else may take them.
//! - A failed attempt (error, panic, timeout) is repeated after 1 s, 2 s, 4 s … 15 min. The time of the next
//!   attempt is written in the store, so it survives a restart. After [`Job::MAX_ATTEMPTS`] the job is a dead
//!   letter: [`Jobs::dead`] shows it, [`Jobs::retry_dead`] runs it again.
//! - Times have a resolution of one second: a job never runs early and may run up to a second late.
//!
//! # Why not more of apalis
//! apalis 1.0 repeats a failed task either at once or after sleeping in the process, its acknowledgements cannot
//! carry the time of the next attempt, and they arrive some time after the fact. So outcomes are written by
//! `attempt` and `statements`, guarded by the lease, and apalis' own (`persist_results`, `lock_tasks`) are off.

mod attempt;
mod statements;
mod store;
#[cfg(test)]
mod tests;
mod worker;

use std::{fmt, future::Future, path::PathBuf, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures::{FutureExt as _, future::BoxFuture};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::{attempt::Failure, store::Store};
use crate::app::App;

/// A unit of background work; its payload is its serde form, so fields may be added with `#[serde(default)]` but
/// not renamed while jobs of the older form may be waiting.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What the job is called in the store, in logs and in metrics: `"identity.purge_sessions"`.
    const NAME: &'static str;
    /// How often the job is tried before it becomes a dead letter.
    const MAX_ATTEMPTS: u32 = 8;
    /// How long one attempt may take.
    const TIMEOUT: Duration = Duration::from_mins(5);

    /// Does the work. The error's text is kept in the store and logged, so it must not contain secrets.
    fn run(self, app: App) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// A job type as a domain lists it: `JobKind::of::<PurgeSessions>()`.
#[derive(Clone, Copy, Debug)]
pub struct JobKind {
    name: &'static str,
    max_attempts: u32,
    timeout: Duration,
    run: fn(App, Value) -> BoxFuture<'static, Result<(), Failure>>,
}

impl JobKind {
    pub fn of<J: Job>() -> Self {
        Self {
            name: J::NAME,
            max_attempts: J::MAX_ATTEMPTS,
            timeout: J::TIMEOUT,
            run: run::<J>,
        }
    }

    /// The job's [`Job::NAME`].
    pub fn name(&self) -> &'static str {
        self.name
    }
}

fn run<J: Job>(app: App, payload: Value) -> BoxFuture<'static, Result<(), Failure>> {
    async move {
        // What serde says is dropped: it quotes the payload.
        let job = serde_json::from_value::<J>(payload).map_err(|_| {
            Failure::Final("the payload does not have the form that this version expects".into())
        })?;
        job.run(app)
            .await
            .map_err(|error| Failure::Attempt(format!("{error:#}")))
    }
    .boxed()
}

/// Where jobs wait. Its `Debug` form never shows an address, which may contain a password.
///
/// Redis is not among them: apalis-redis 1.0 has a fixed limit of 25 attempts and a fixed back-off, no way to list
/// or repeat its dead tasks, and none to hand back one that is running.
#[derive(Clone)]
pub enum JobStore {
    /// A file of its own, created when missing.
    Sqlite { path: PathBuf },
    /// A database that allows session state, not a transaction pooler. apalis makes the schema `apalis` in it and
    /// the extension `hstore`, for which the user needs the CREATE privilege on the database.
    Postgres { url: String },
}

impl fmt::Debug for JobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { .. } => f.debug_struct("Postgres").finish_non_exhaustive(),
        }
    }
}

/// How a job is enqueued. `Enqueue::default()`: as soon as a worker is free, without a key.
#[derive(Clone, Debug, Default)]
pub struct Enqueue {
    /// The idempotency key: of all jobs of one name with the same key only the first runs, also when it has long
    /// finished, as long as [`Jobs::vacuum`] keeps it: at least a day.
    pub key: Option<String>,
    /// Not before this time.
    pub run_at: Option<DateTime<Utc>>,
}

/// A job that was given up.
#[derive(Clone, Debug)]
pub struct DeadJob {
    pub id: String,
    pub name: String,
    pub attempts: u32,
    /// What went wrong in the last attempt.
    pub error: String,
    pub died_at: DateTime<Utc>,
}

/// How many jobs the store holds, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Waiting: for a worker, for their time, or for their next attempt.
    pub pending: u64,
    pub running: u64,
    pub dead: u64,
    /// Finished and not yet vacuumed.
    pub done: u64,
}

/// What is stored of a job. One queue for all of them, so that a worker needs one connection and one poll.
#[derive(Clone, Serialize, Deserialize)]
struct Envelope {
    name: String,
    payload: Value,
}

/// The job queue. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    store: Store,
    /// Tells this process' workers that there may be something to do.
    wake: watch::Sender<()>,
}

impl Jobs {
    /// Opens the store and brings its tables up to date; several processes may do so at once.
    pub async fn open(store: JobStore) -> anyhow::Result<Self> {
        Ok(Self {
            store: Store::open(store).await?,
            wake: watch::Sender::new(()),
        })
    }

    /// Adds a job. Enqueuing a key again is not an error and does nothing.
    pub async fn enqueue<J: Job>(&self, job: &J, options: Enqueue) -> anyhow::Result<()> {
        let payload =
            serde_json::to_value(job).with_context(|| format!("job {} has no JSON form", J::NAME))?;
        self.enqueue_named(J::NAME, payload, options).await
    }

    /// Adds a job whose name is data (schedules, the outbox). The name is not checked: what no worker knows
    /// becomes a dead letter.
    pub async fn enqueue_named(&self, name: &str, payload: Value, options: Enqueue) -> anyhow::Result<()> {
        // The store's key is unique in the queue, ours in the job's name.
        let key = options.key.map(|key| format!("{name}:{key}"));
        let envelope = Envelope {
            name: name.to_owned(),
            payload,
        };
        self.store
            .push(envelope, key, options.run_at)
            .await
            .with_context(|| format!("job {name} could not be enqueued"))?;
        self.wake.send_replace(());
        Ok(())
    }

    /// Runs jobs of the given kinds, at most `concurrency` at a time, until `stop` is cancelled. Then it takes no
    /// new ones, gives running ones 10 seconds and hands back what is unfinished, within 3 seconds more. When the
    /// future is dropped instead, jobs are handed back at once.
    ///
    /// A store that is away does not end it: it tries again, and running jobs go on while their lease lasts.
    ///
    /// # Errors
    /// Two kinds of one name, or a concurrency of zero.
    pub async fn work(
        &self,
        app: App,
        kinds: Vec<JobKind>,
        concurrency: usize,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        worker::work(self, app, kinds, concurrency, stop).await
    }

    /// The latest `limit` dead letters, newest first.
    pub async fn dead(&self, limit: u32) -> anyhow::Result<Vec<DeadJob>> {
        self.store.dead(limit).await
    }

    /// Gives a dead letter a full set of attempts, starting now. `false` when there is none of this id.
    pub async fn retry_dead(&self, id: &str) -> anyhow::Result<bool> {
        let found = self.store.retry_dead(id).await?;
        self.wake.send_replace(());
        Ok(found)
    }

    /// Reads the whole table on PostgreSQL: for a metric every quarter of a minute, not for requests.
    pub async fn counts(&self) -> anyhow::Result<JobCounts> {
        self.store.counts().await
    }

    /// Forgets jobs that finished more than `older_than` ago (a day at least, for their keys), dead letters after
    /// 30 days at the earliest, and workers that are gone. Returns how many jobs that were.
    pub async fn vacuum(&self, older_than: Duration) -> anyhow::Result<u64> {
        self.store.vacuum(older_than).await
    }
}
