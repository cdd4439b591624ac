//! What handlers, jobs and commands are given: one cheap handle to everything below the domains.

use std::{any::TypeId, collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sea_orm::DbErr;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    auth::{Claims, Passwords, Seal, Tokens},
    cache::Cache,
    clock::Clock,
    config::Config,
    db::Db,
    domain::{PersonalData, SettingsByType},
    flags::Flags,
    http::Standing,
    jobs::Jobs,
    limits::{FixedWindows, Throttles},
    mail::Mailer,
    pubsub::PubSub,
    redis_client::RedisClient,
    storage::Storage,
};

/// How long a readiness check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Looks up the account and session of a token; the identity domain's part.
pub type FindStanding = fn(App, Claims) -> BoxFuture<'static, Result<Standing, DbErr>>;

/// The handle.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub(crate) struct Parts {
    pub config: Config,
    pub settings: SettingsByType,
    pub clock: Clock,
    pub db: Db,
    pub tokens: Tokens,
    pub passwords: Passwords,
    pub seal: Seal,
    pub jobs: Jobs,
    pub pubsub: PubSub,
    pub cache: Cache,
    pub throttles: Throttles,
    pub windows: FixedWindows,
    pub storage: Storage,
    pub mail: Mailer,
    pub flags: Flags,
    pub redis: Option<RedisClient>,
    pub find_standing: FindStanding,
    pub personal_data: Vec<(&'static str, PersonalData)>,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The platform's settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The settings that a domain declared; `None` if its section is not in the list of any domain.
    pub fn settings<S: Send + Sync + 'static>(&self) -> Option<Arc<S>> {
        Arc::clone(self.0.settings.get(&TypeId::of::<S>())?)
            .downcast()
            .ok()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The main database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// Password hashing.
    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Secrets at rest.
    pub fn seal(&self) -> &Seal {
        &self.0.seal
    }

    /// The job queue.
    pub fn jobs(&self) -> &Jobs {
        &self.0.jobs
    }

    /// Publish/subscribe.
    pub fn pubsub(&self) -> &PubSub {
        &self.0.pubsub
    }

    /// The cache.
    pub fn cache(&self) -> &Cache {
        &self.0.cache
    }

    /// Sliding-window throttles.
    pub fn throttles(&self) -> &Throttles {
        &self.0.throttles
    }

    /// Uploaded files.
    pub fn storage(&self) -> &Storage {
        &self.0.storage
    }

    /// Sending e-mail; for background jobs.
    pub fn mail(&self) -> &Mailer {
        &self.0.mail
    }

    /// Feature flags.
    pub fn flags(&self) -> &Flags {
        &self.0.flags
    }

    /// What the domains keep about people, by the domain's name; those that others depend on first.
    pub fn personal_data(&self) -> &[(&'static str, PersonalData)] {
        &self.0.personal_data
    }

    /// Cancelled when the process is to end.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Where work is spawned that goes on after what began it: the end of the process waits for it, `SHUTDOWN_SECONDS` at
    /// most.
    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Counts towards the fixed-window limit `key` and says whether it still allows, whatever `RATE_LIMITS_ENABLED` says.
    pub async fn within_fixed_limit(&self, key: &str, limit: i64, window_seconds: i64) -> bool {
        self.0.windows.allow(key, limit, window_seconds).await
    }

    /// The same; always allowed when `RATE_LIMITS_ENABLED` is not set.
    pub async fn within_rate_limit(&self, key: &str, limit: i64, window_seconds: i64) -> bool {
        !self.0.config.throttles.rate_limits_enabled || self.0.windows.allow(key, limit, window_seconds).await
    }

    pub(crate) async fn standing(&self, claims: Claims) -> Result<Standing, DbErr> {
        (self.0.find_standing)(self.clone(), claims).await
    }

    /// Whether database, Redis and storage can be reached: `ok` or `unavailable` by name; the cause is logged.
    pub(crate) async fn check(&self) -> BTreeMap<&'static str, &'static str> {
        let database = async { self.db().pools().check().await.map_err(anyhow::Error::from) };
        let storage = async { self.storage().check().await.map_err(anyhow::Error::from) };
        let mut outcomes = BTreeMap::from([
            ("database", outcome("database", database).await),
            ("storage", outcome("storage", storage).await),
        ]);
        if let Some(redis) = &self.0.redis {
            outcomes.insert(
                "redis",
                outcome("redis", async { redis.ping().await.map_err(anyhow::Error::from) }).await,
            );
        }
        outcomes
    }

    /// Brings the gauges up to date, before they are shown.
    #[expect(clippy::cast_precision_loss, reason = "gauges")]
    pub(crate) async fn gauge(&self) {
        let (open, idle) = self.db().pools().connections();
        metrics::gauge!("selflink_db_connections", "state" => "open").set(open as f64);
        metrics::gauge!("selflink_db_connections", "state" => "idle").set(idle as f64);
        match crate::outbox::waiting(self).await {
            Ok(waiting) => metrics::gauge!("selflink_outbox_waiting").set(waiting as f64),
            Err(error) => tracing::warn!(%error, "could not count the outbox"),
        }
        match self.jobs().counts().await {
            Ok(counts) => {
                for (state, count) in [
                    ("pending", counts.pending),
                    ("running", counts.running),
                    ("dead", counts.dead),
                    ("done", counts.done),
                ] {
                    metrics::gauge!("selflink_jobs", "state" => state).set(count as f64);
                }
            }
            Err(error) => tracing::warn!("could not count the jobs: {error:#}"),
        }
    }
}

async fn outcome(name: &str, check: impl Future<Output = anyhow::Result<()>>) -> &'static str {
    match tokio::time::timeout(CHECK_TIMEOUT, check).await {
        Ok(Ok(())) => return "ok",
        Ok(Err(error)) => tracing::warn!("{name} is not ready: {error:#}"),
        Err(_) => tracing::warn!("{name} is not ready: no answer in {} s", CHECK_TIMEOUT.as_secs()),
    }
    "unavailable"
}
