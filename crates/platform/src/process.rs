//! One running process of an instance, whatever its role: start, background tasks, end.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::{App, FindStanding, Parts},
    auth::{Passwords, Seal, Tokens},
    cache::Cache,
    clock::Clock,
    config::{Config, ConfigError, ConnectionUrl, Environment, StorageBackend},
    db::{self, Db, Engine, Pools},
    domain::{self, Domain, Surface},
    flags::Flags,
    http,
    id::NodeLease,
    jobs::{Job, JobKind, JobStore, Jobs},
    limits::{FixedWindows, Throttles},
    mail::Mailer,
    outbox,
    pubsub::PubSub,
    redis_client::RedisClient,
    schedule::{self, Schedule},
    storage::{S3Options, Storage},
};

/// Entries that the in-process cache holds at most.
const CACHE_ENTRIES: u64 = 50_000;
/// How long finished jobs are kept, with their idempotency keys.
const FINISHED_JOBS: Duration = Duration::from_hours(72);
/// How often metrics are compacted.
const HOUSEKEEPING: Duration = Duration::from_secs(10);

/// What the binary wires together: the domains, and the one that knows accounts.
pub struct Instance {
    /// All domains; those that others depend on first.
    pub domains: Vec<Domain>,
    /// The account and session of a token.
    pub find_standing: FindStanding,
}

impl Instance {
    /// What is wrong with the settings of the platform and of every domain.
    pub fn check_settings(&self, environment: &Environment) -> Result<(), ConfigError> {
        let problems =
            |outcome: Result<(), ConfigError>| outcome.err().map_or_else(Vec::new, |error| error.0);
        let mut all = problems(Config::read(environment).map(drop));
        all.extend(problems(
            domain::read_settings(&self.domains, environment).map(drop),
        ));
        if all.is_empty() {
            Ok(())
        } else {
            Err(ConfigError(all))
        }
    }

    /// Whether any domain has endpoints of this surface.
    pub fn serves(&self, surface: Surface) -> bool {
        self.domains
            .iter()
            .flat_map(|domain| (domain.routes)())
            .any(|routes| routes.surface == surface)
    }
}

/// What a start does with a database whose schema is older than the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Migrates it: the roles that run alone.
    Migrate,
    /// Refuses to start: `selflink migrate` is a step of its own in production.
    Require,
}

/// A running process.
pub struct Process {
    /// The handle for handlers, jobs and commands.
    pub app: App,
    /// What it is made of.
    pub instance: Arc<Instance>,
    stop: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
    lease: CancellationToken,
    lease_task: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Process {
    /// Reads the settings, opens everything and takes a node number. Nothing runs in the background yet but its renewal.
    pub async fn start(
        environment: &Environment,
        instance: Instance,
        schema: Schema,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        crate::tls::use_ring();
        instance.check_settings(environment)?;
        let config = Config::read(environment)?;
        let settings = domain::read_settings(&instance.domains, environment)?;
        let pools = Pools::open(&config).await?;
        let layout = match schema {
            Schema::Migrate => db::migrate(&pools, &instance.domains, config.runtime.id_layout).await?,
            Schema::Require => db::require(&pools, &instance.domains, config.runtime.id_layout).await?,
        };
        let lease = NodeLease::acquire(&pools, layout, &clock).await?;
        let database = Db::new(pools, lease.ids(), clock.clone());
        let jobs = Jobs::open(job_store(&config, database.pools()).await?)
            .await
            .context("could not open the job queue")?;
        let redis = config
            .redis
            .url
            .as_ref()
            .map(|url| RedisClient::connect(url.expose()))
            .transpose()?;
        let prefix = config.redis.prefix.clone();
        let stop = CancellationToken::new();
        let app = App::new(Parts {
            stop: stop.clone(),
            tasks: TaskTracker::new(),
            tokens: Tokens::new(config.signing_key(), &config.tokens),
            passwords: Passwords::new(&config.passwords)?,
            seal: Seal::new(&config.runtime.secret_key)?,
            jobs,
            pubsub: pubsub(&config)?,
            cache: redis.clone().map_or_else(
                || Cache::in_process(CACHE_ENTRIES),
                |redis| Cache::redis(redis, &prefix),
            ),
            throttles: redis.clone().map_or_else(
                || Throttles::in_process(clock.clone()),
                |redis| Throttles::redis(redis, &prefix),
            ),
            windows: redis.clone().map_or_else(
                || FixedWindows::in_process(clock.clone()),
                |redis| FixedWindows::redis(redis, &prefix),
            ),
            storage: storage(&config)?,
            mail: Mailer::new(&config, clock.clone())?,
            flags: Flags::new(database.clone()),
            find_standing: instance.find_standing,
            personal_data: domain::personal_data(&instance.domains),
            db: database.clone(),
            redis,
            config,
            settings,
            clock,
        });
        let lease_end = CancellationToken::new();
        let lease_task = tokio::spawn(lease.keep(database.pools().clone(), lease_end.clone()));
        Ok(Self {
            app,
            instance: Arc::new(instance),
            stop,
            tasks: JoinSet::new(),
            lease: lease_end,
            lease_task,
        })
    }

    /// Cancelled when the process is to end.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Serves HTTP; `pages` are further routes of the binary.
    pub fn serve(
        &mut self,
        listener: TcpListener,
        surfaces: &[Surface],
        pages: Router<App>,
    ) -> anyhow::Result<()> {
        let router = http::router(&self.app, &self.instance.domains, surfaces, pages)?;
        let (app, stop) = (self.app.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            http::serve(listener, router, &app.config().http, stop).await;
            Ok(())
        });
        Ok(())
    }

    /// Delivers events.
    pub fn relay(&mut self) {
        let (app, stop, subscriptions) = (self.app.clone(), self.stop.clone(), self.subscriptions());
        self.tasks.spawn(async move {
            outbox::relay(app, subscriptions, stop).await;
            Ok(())
        });
    }

    /// Delivers the events of a command that ends now.
    pub async fn drain(&self) -> anyhow::Result<()> {
        Ok(outbox::drain(&self.app, &self.subscriptions()).await?)
    }

    fn subscriptions(&self) -> Arc<[outbox::Subscription]> {
        let own = std::iter::once(schedule::subscription());
        own.chain(
            self.instance
                .domains
                .iter()
                .flat_map(|domain| domain.subscriptions.clone()),
        )
        .collect()
    }

    /// Runs background jobs.
    pub fn work(&mut self) {
        let (app, stop) = (self.app.clone(), self.stop.clone());
        let own = std::iter::once(JobKind::of::<VacuumJobs>());
        let kinds = own
            .chain(
                self.instance
                    .domains
                    .iter()
                    .flat_map(|domain| domain.jobs.clone()),
            )
            .collect();
        let concurrency = app.config().jobs.concurrency;
        self.tasks
            .spawn(async move { app.jobs().clone().work(app, kinds, concurrency, stop).await });
    }

    /// Starts periodic jobs.
    pub fn schedule(&mut self) {
        let own = std::iter::once(Schedule::of(
            "platform.vacuum_jobs",
            "0 43 3 * * *",
            &VacuumJobs {},
        ));
        let schedules = own
            .chain(
                self.instance
                    .domains
                    .iter()
                    .flat_map(|domain| domain.schedules.clone()),
            )
            .collect();
        self.tasks
            .spawn(schedule::run(self.app.clone(), schedules, self.stop.clone()));
    }

    /// Keeps the process itself tidy.
    pub fn keep_house(&mut self) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            while !stop.is_cancelled() {
                crate::telemetry::compact_metrics();
                tokio::select! {
                    () = tokio::time::sleep(HOUSEKEEPING) => {}
                    () = stop.cancelled() => {}
                }
            }
            Ok(())
        });
    }

    /// Waits until the stop token is cancelled or a task fails, then ends everything in order.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let outcome = tokio::select! {
            () = self.stop.cancelled() => Ok(()),
            failure = first_failure(&mut self.tasks) => failure,
            ended = &mut self.lease_task => ended.context("the lease task panicked").and_then(|outcome| outcome),
        };
        self.end().await.and(outcome)
    }

    /// Ends everything in order: no new requests and jobs, those that run, the node number, the connections.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended.map_err(anyhow::Error::from).and_then(|outcome| outcome) {
                tracing::error!("at the end: {error:#}");
            }
        }
        let tasks = self.app.tasks();
        tasks.close();
        let limit = Duration::from_secs(self.app.config().http.shutdown_seconds);
        if tokio::time::timeout(limit, tasks.wait()).await.is_err() {
            tracing::warn!(cut = tasks.len(), "some work did not finish in time and was cut");
        }
        self.lease.cancel();
        if !self.lease_task.is_finished() {
            self.lease_task.await??;
        }
        self.app.db().pools().close().await;
        Ok(())
    }
}

async fn first_failure(tasks: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended.context("a task panicked")??;
    }
    // Nothing runs (a command): wait for the stop token.
    std::future::pending().await
}

/// Removes what has been finished for days from the job queue.
#[derive(Debug, Serialize, Deserialize)]
struct VacuumJobs {}

impl Job for VacuumJobs {
    const NAME: &'static str = "platform.vacuum_jobs";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let removed = app.jobs().vacuum(FINISHED_JOBS).await?;
        tracing::info!(removed, "finished jobs were cleared away");
        Ok(())
    }
}

/// Jobs have a SQLite file of their own beside the main one, so that the two never wait for each other's writer.
async fn job_store(config: &Config, pools: &Pools) -> anyhow::Result<JobStore> {
    match pools.engine() {
        Engine::Postgres => {
            let url = db::direct_postgres_url(config, pools).await?;
            Ok(JobStore::Postgres {
                url: url.expose().to_owned(),
            })
        }
        Engine::Sqlite => {
            let url = config.database_url();
            let main = PathBuf::from(
                url.expose()
                    .trim_start_matches("sqlite:")
                    .trim_start_matches("//")
                    .split('?')
                    .next()
                    .unwrap_or(""),
            );
            let name = main.file_stem().map_or_else(
                || "selflink".to_owned(),
                |stem| stem.to_string_lossy().into_owned(),
            );
            Ok(JobStore::Sqlite {
                path: main.with_file_name(format!("{name}-jobs.db")),
            })
        }
    }
}

fn pubsub(config: &Config) -> anyhow::Result<PubSub> {
    let url: Option<&ConnectionUrl> = config.redis.pubsub_url.as_ref().or(config.redis.url.as_ref());
    Ok(match url {
        Some(url) => PubSub::redis(RedisClient::connect(url.expose())?, &config.redis.prefix),
        None => PubSub::in_process(),
    })
}

fn storage(config: &Config) -> anyhow::Result<Storage> {
    let settings = &config.storage;
    Ok(match settings.backend {
        StorageBackend::Local => Storage::local(config.media_root(), "/media/")?,
        StorageBackend::S3 => Storage::s3(&S3Options {
            endpoint: settings.s3_endpoint.clone(),
            access_key_id: settings.s3_access_key_id.expose().to_owned(),
            secret_access_key: settings.s3_secret_access_key.expose().to_owned(),
            bucket: settings.s3_bucket.clone(),
            region: settings.s3_region.clone(),
            querystring_auth: settings.s3_querystring_auth,
        })?,
    })
}
