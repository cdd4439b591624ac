//! One attempt at one job: run it within its limits, write down what became of it.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use apalis::prelude::Task;
use futures::FutureExt as _;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument as _;

use super::{
    Envelope, JobKind,
    statements::Report,
    worker::{Crew, Shift},
};
use crate::app::App;

const LONGEST_DELAY: Duration = Duration::from_mins(15);
/// The pause before asking a store again that is away.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The next one may do better.
    Attempt(String),
    /// No other will, in this version of the program.
    Final(String),
}

/// What an attempt came to.
enum Outcome {
    Report(Report),
    /// The lease is gone: the job is another worker's, there is nothing to report.
    Lost,
}

/// A job that was just fetched.
pub(super) struct Fetched {
    id: String,
    /// Of the attempt that begins, from 1.
    number: u32,
    envelope: Envelope,
}

impl Fetched {
    /// To be called before apalis polls the task: then it counts up the attempt that is read here.
    /// `None`: a task without an id, which did not come from a store.
    pub(super) fn new(task: Task<Envelope>) -> Option<Self> {
        let id = task.task_id()?.to_string();
        let number = u32::try_from(task.attempt())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        Some(Self {
            id,
            number,
            envelope: task.args,
        })
    }
}

pub(super) async fn run(crew: Arc<Crew>, shift: Arc<Shift>, job: Fetched) {
    let Fetched {
        id,
        number,
        envelope: Envelope { name, payload },
    } = job;
    let _permit = tokio::select! {
        permit = crew.permits.acquire() => permit,
        // Not begun: freed with the rest of what the worker holds.
        () = crew.give_up.cancelled() => return,
        () = shift.lost.cancelled() => return,
    };
    if insist(&shift, || crew.store.claim(&id, &shift.worker, number)).await != Some(true) {
        return;
    }
    let began = Instant::now();
    let span = tracing::info_span!("job", name, id, attempt = number);
    let outcome = attempt(&crew, &shift, &name, payload, number)
        .instrument(span.clone())
        .await;
    let took = began.elapsed();
    let written = match &outcome {
        Outcome::Lost => false,
        Outcome::Report(report) => {
            insist(&shift, || crew.store.report(&id, &shift.worker, number, report)).await == Some(true)
        }
    };
    // A name that nobody knows is data, not a label.
    let label = crew.kinds.get(name.as_str()).map_or("unknown", |kind| kind.name);
    span.in_scope(|| tell(label, if written { &outcome } else { &Outcome::Lost }, took));
}

async fn attempt(crew: &Crew, shift: &Shift, name: &str, payload: Value, number: u32) -> Outcome {
    let Some(kind) = crew.kinds.get(name) else {
        return Outcome::Report(Report::Dead {
            error: format!("no job of this worker is called {name}"),
        });
    };
    // A worker that dies counts as an attempt, and nothing else would stop a job that takes its worker with it.
    if number > kind.max_attempts {
        let error = format!("the worker died in the last of {} attempts", kind.max_attempts);
        return Outcome::Report(Report::Dead { error });
    }
    let result = tokio::select! {
        biased;
        () = shift.lost.cancelled() => return Outcome::Lost,
        result = within_limits(kind, crew.app.clone(), payload) => result,
        () = crew.give_up.cancelled() => return Outcome::Report(Report::HandBack),
    };
    Outcome::Report(match result {
        Ok(()) => Report::Done,
        Err(Failure::Attempt(error)) if number < kind.max_attempts => Report::Retry {
            error,
            delay: delay(number, rand::random_range(0.0..0.5)),
        },
        Err(Failure::Attempt(error) | Failure::Final(error)) => Report::Dead { error },
    })
}

/// A panic and a timeout are failed attempts. apalis has layers for both, but takes a panic for final and has one
/// timeout for all.
async fn within_limits(kind: &JobKind, app: App, payload: Value) -> Result<(), Failure> {
    let run = AssertUnwindSafe(async { (kind.run)(app, payload).await }).catch_unwind();
    match timeout(kind.timeout, run).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(Failure::Attempt(format!("panicked: {}", message(&*panic)))),
        Err(_) => Err(Failure::Attempt(format!(
            "took longer than {} s",
            kind.timeout.as_secs_f32()
        ))),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// How long to wait after failed attempt `number` (from 1): 1 s, 2 s, 4 s … 15 min, and up to half as much again
/// (`jitter`, 0 to 0.5) so that jobs that failed together do not come back together.
fn delay(number: u32, jitter: f64) -> Duration {
    let doubled = Duration::from_secs(1 << (number - 1).min(16));
    doubled.mul_f64(1.0 + jitter).min(LONGEST_DELAY)
}

/// Asks the store until it answers. `None`: the lease ended before that, the answer no longer matters.
async fn insist<F, T>(shift: &Shift, ask: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    loop {
        match ask().await {
            Ok(answer) => return Some(answer),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the job store does not answer"),
        }
        tokio::select! { () = shift.lost.cancelled() => return None, () = sleep(STORE_PAUSE) => {} }
    }
}

/// Logs and counts an attempt, in the job's span.
fn tell(name: &'static str, outcome: &Outcome, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let label = match outcome {
        Outcome::Report(Report::Done) => {
            tracing::info!(duration_ms, outcome = "done", "job finished");
            "done"
        }
        Outcome::Report(Report::Retry { error, delay }) => {
            let again_in_s = delay.as_secs();
            tracing::warn!(
                duration_ms,
                outcome = "retry",
                error,
                again_in_s,
                "job failed, will be tried again"
            );
            "retry"
        }
        Outcome::Report(Report::Dead { error }) => {
            tracing::error!(duration_ms, outcome = "dead", error, "job given up");
            "dead"
        }
        Outcome::Report(Report::HandBack) => {
            tracing::info!(
                duration_ms,
                outcome = "handed_back",
                "job interrupted, another worker will run it"
            );
            "handed_back"
        }
        Outcome::Lost => {
            tracing::warn!(
                duration_ms,
                outcome = "lost",
                "lease lost, another worker will run the job"
            );
            "lost"
        }
    };
    metrics::counter!("selflink_jobs_total", "name" => name, "outcome" => label).increment(1);
    metrics::histogram!("selflink_job_seconds", "name" => name).record(took.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_quarter_of_an_hour() {
        let seconds = [1, 2, 3, 10, 11, 12, u32::MAX].map(|number| delay(number, 0.0).as_secs());
        assert_eq!(seconds, [1, 2, 4, 512, 900, 900, 900]);
        assert_eq!(delay(2, 0.5), Duration::from_secs(3));
        assert_eq!(delay(11, 0.5), LONGEST_DELAY);
    }
}
