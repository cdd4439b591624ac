//! The worker: apalis' loop, begun anew when the store was away, and the leases of what it runs.

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use anyhow::{bail, ensure};
use apalis::prelude::{
    BackendExt as _, PollSnapshot, PollStrategy, Task, WorkerBuilder, WorkerBuilderExt as _, WorkerContext,
    WorkerError,
};
use futures::{StreamExt as _, stream, stream::BoxStream};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep, timeout},
};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

use super::{
    Envelope, JobKind, Jobs,
    attempt::{self, Fetched},
    store::{Pool, Store, postgres_backend, sqlite_backend},
};
use crate::app::App;

/// How often a worker says that it is alive, and looks for others that are not.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(5);
pub(super) const MISSED_HEARTBEATS: usize = 6;
/// After this long without a heartbeat a worker's jobs are given to others, at their next heartbeat.
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// After this long without a confirmed heartbeat a worker stops its jobs itself, well before [`LEASE`].
const OWN_LEASE: Duration = Duration::from_secs(20);
/// How long a heartbeat may take. With the pause between two it adds at most 8 s to [`OWN_LEASE`].
const HEARTBEAT_ANSWER: Duration = Duration::from_secs(3);
/// How long running jobs may go on after `stop`.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// How long handing back may take after that. What is not handed back (a job that blocks its thread, a store that
/// is away) is found by its lease.
const HAND_BACK: Duration = Duration::from_secs(3);

/// The pause before a worker that could not reach the store tries again: doubled up to the longest, from the
/// beginning after it has worked for a while.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How often an idle worker looks for jobs that it was not told of: retries, delayed ones, and on SQLite those of
/// other processes, which have no other way to say so.
const POLL_POSTGRES: Duration = Duration::from_secs(1);
const POLL_SQLITE: Duration = Duration::from_millis(200);
/// A worker that is woken looks twice: the first look may have begun before the job was there.
const SECOND_LOOK: Duration = Duration::from_millis(50);

/// What all jobs of one call of [`work`] share.
pub(super) struct Crew {
    pub(super) store: Store,
    pub(super) app: App,
    pub(super) kinds: HashMap<&'static str, JobKind>,
    /// Counts what really runs: after the store was away, jobs of the earlier shift may still be going on.
    pub(super) permits: Semaphore,
    /// Cancelled: stop running jobs and hand them back.
    pub(super) give_up: CancellationToken,
}

/// One registration in the store, under a name of its own: apalis does not let a worker register twice.
pub(super) struct Shift {
    pub(super) worker: String,
    pub(super) jobs: TaskTracker,
    /// Cancelled: others may take the jobs, so they must not go on here.
    pub(super) lost: CancellationToken,
}

pub(super) async fn work(
    jobs: &Jobs,
    app: App,
    kinds: Vec<JobKind>,
    concurrency: usize,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    ensure!(concurrency > 0, "a worker needs a concurrency of at least 1");
    let crew = Arc::new(Crew {
        store: jobs.store.clone(),
        app,
        kinds: by_name(kinds)?,
        permits: Semaphore::new(concurrency),
        give_up: CancellationToken::new(),
    });
    let _when_dropped = crew.give_up.clone().drop_guard();
    let listening = jobs.store.clone().listen(jobs.wake.clone());
    let _listening = AbortOnDropHandle::new(tokio::spawn(listening));

    let shifts = TaskTracker::new();
    let mut pause = FIRST_PAUSE;
    while !stop.is_cancelled() {
        let shift = Arc::new(Shift {
            worker: format!("{:032x}", rand::random::<u128>()),
            jobs: TaskTracker::new(),
            lost: CancellationToken::new(),
        });
        shifts.spawn(shift.clone().keep_lease(crew.clone()));
        let began = Instant::now();
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            () = shift.lost.cancelled() => Some(Ok(())),
            ended = shift.run(&crew, concurrency, jobs.wake.subscribe()) => Some(ended),
        };
        shift.jobs.close();
        let Some(ended) = ended else { break };
        if began.elapsed() > LONGEST_PAUSE * 2 {
            pause = FIRST_PAUSE;
        }
        let error = ended.err().map(tracing::field::display);
        tracing::warn!(
            error,
            pause_s = pause.as_secs(),
            "the job store is out of reach; trying again"
        );
        tokio::select! { () = stop.cancelled() => {}, () = sleep(pause) => {} }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
    finish(&crew, &shifts).await;
    Ok(())
}

/// Lets running jobs finish, then has them handed back.
async fn finish(crew: &Crew, shifts: &TaskTracker) {
    shifts.close();
    if timeout(GRACE, shifts.wait()).await.is_err() {
        crew.give_up.cancel();
        if timeout(HAND_BACK, shifts.wait()).await.is_err() {
            tracing::warn!(
                "some jobs could not be handed back; another worker takes them when their lease ends"
            );
        }
    }
}

fn by_name(kinds: Vec<JobKind>) -> anyhow::Result<HashMap<&'static str, JobKind>> {
    let mut by_name = HashMap::with_capacity(kinds.len());
    for kind in kinds {
        if by_name.insert(kind.name, kind).is_some() {
            bail!("two kinds of jobs are called {}", kind.name);
        }
    }
    Ok(by_name)
}

impl Shift {
    /// apalis' worker, until the store fails it. Jobs are tasks of their own, so that they outlive it.
    async fn run(
        self: &Arc<Self>,
        crew: &Arc<Crew>,
        concurrency: usize,
        wake: watch::Receiver<()>,
    ) -> Result<(), WorkerError> {
        let (shift, crew) = (self.clone(), crew.clone());
        let store = crew.store.clone();
        let service = tower::service_fn(move |task: Task<Envelope>| {
            let job = Fetched::new(task)
                .map(|job| shift.jobs.spawn(attempt::run(crew.clone(), shift.clone(), job)));
            async move {
                // How it went is in the store.
                if let Some(job) = job {
                    job.await.ok();
                }
                Ok::<_, Infallible>(())
            }
        });
        let context = WorkerContext::new(&self.worker);
        let _stopped = Stopped(context.clone());
        let worker = WorkerBuilder::new(&context);
        match &store.pool {
            Pool::Sqlite(pool) => {
                let backend = sqlite_backend(pool).poll_with_strategy(WakeUps::new(wake, POLL_SQLITE));
                worker
                    .backend(backend)
                    .concurrency(concurrency)
                    .build(service)
                    .run()
                    .await
            }
            Pool::Postgres(pool) => {
                let backend = postgres_backend(pool).poll_with_strategy(WakeUps::new(wake, POLL_POSTGRES));
                worker
                    .backend(backend)
                    .concurrency(concurrency)
                    .build(service)
                    .run()
                    .await
            }
        }
    }

    /// Renews the lease until the shift is over and its jobs are, then gives up what is left of it. apalis sends
    /// heartbeats as well, but only while its loop runs, and does not say when they fail.
    async fn keep_lease(self: Arc<Self>, crew: Arc<Crew>) {
        let mut confirmed = Instant::now();
        loop {
            tokio::select! {
                () = self.jobs.wait() => break,
                () = crew.give_up.cancelled(), if !self.jobs.is_closed() => { self.jobs.close(); }
                () = sleep(HEARTBEAT) => {
                    let asked = Instant::now();
                    match timeout(HEARTBEAT_ANSWER, self.renew_lease(&crew.store)).await {
                        Ok(Ok(())) => confirmed = asked,
                        _ if confirmed.elapsed() > OWN_LEASE => self.lost.cancel(),
                        _ => {}
                    }
                }
            }
        }
        if let Err(error) = crew.store.retire(&self.worker).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "a worker's end could not be written down"
            );
        }
    }

    async fn renew_lease(&self, store: &Store) -> anyhow::Result<()> {
        store.keep_alive(&self.worker).await?;
        if self.jobs.is_closed() {
            // The worker that fetched them is gone, and the lease is renewed only for what it had begun.
            store.release_unbegun(&self.worker).await?;
        }
        Ok(())
    }
}

/// Tells apalis that its worker stops, however `run` ends: it complains of one that is dropped while running.
struct Stopped(WorkerContext);

impl Drop for Stopped {
    fn drop(&mut self) {
        // An error means that it had not begun.
        self.0.stop().ok();
    }
}

/// When an idle worker looks for jobs: now and then, and when it is woken.
struct WakeUps(BoxStream<'static, ()>);

impl WakeUps {
    fn new(wake: watch::Receiver<()>, every: Duration) -> Self {
        let stream = stream::unfold((wake, every), move |(mut wake, pause)| async move {
            // The sender cannot be gone, `work` borrows it.
            let woken = timeout(pause, wake.changed()).await.is_ok();
            Some(((), (wake, if woken { SECOND_LOOK } else { every })))
        });
        Self(stream.boxed())
    }
}

impl PollStrategy for WakeUps {
    /// apalis looks for jobs whenever it is polled, whatever this returns. What counts is that the stream is left
    /// pending, with the waker in it; apalis' own strategies are not, and can miss a wake-up.
    fn poll_drive(
        &mut self,
        cx: &mut std::task::Context<'_>,
        _: &PollSnapshot,
    ) -> std::task::Poll<Option<()>> {
        while self.0.poll_next_unpin(cx).is_ready() {}
        std::task::Poll::Pending
    }
}
