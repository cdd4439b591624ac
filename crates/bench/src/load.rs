//! The closed loop: every connection sends its next request as soon as it has read the answer to the last.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time;

use crate::http::Connection;
use crate::process;
use crate::scenario::{Requests, Scenario, Stage};

/// Latencies above this are recorded as this.
const MAX_LATENCY: Duration = Duration::from_mins(1);

/// How long the answers still under way at the end of a round are waited for.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// When a round is measured: requests answered from `start` to `end` count.
#[derive(Clone, Copy, Debug)]
struct Window {
    start: Instant,
    end: Instant,
}

/// What one or more rounds of load have shown.
#[derive(Debug)]
pub struct Measurement {
    /// Time the load was measured for, without the warm-up.
    pub elapsed: Duration,
    /// Answers within that time, in microseconds each; successes only, and none of the background.
    pub latency: Histogram<u64>,
    /// Successful requests of the background within that time.
    pub background: u64,
    /// User and system time of the server within that time.
    pub server_cpu: Duration,
    /// User and system time of the load generator within that time.
    pub own_cpu: Duration,
    pub failures: Failures,
}

/// What went wrong, the warm-up included.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    pub count: u64,
    /// What went wrong first.
    pub first: Option<String>,
}

impl Failures {
    pub fn add(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(what);
    }

    pub fn merge(&mut self, later: Self) {
        self.count += later.count;
        self.first = self.first.take().or(later.first);
    }
}

impl Measurement {
    pub fn new() -> Self {
        let longest = u64::try_from(MAX_LATENCY.as_micros()).expect("a minute fits");
        Self {
            elapsed: Duration::ZERO,
            latency: Histogram::new_with_bounds(1, longest, 3).expect("the bounds are valid"),
            background: 0,
            server_cpu: Duration::ZERO,
            own_cpu: Duration::ZERO,
            failures: Failures::default(),
        }
    }

    /// Successful requests within the measured time, without the background.
    pub fn requests(&self) -> u64 {
        self.latency.len()
    }

    /// Adds what a later round has shown.
    pub fn merge(&mut self, later: Self) -> Result<()> {
        self.elapsed += later.elapsed;
        self.latency.add(&later.latency)?;
        self.background += later.background;
        self.server_cpu += later.server_cpu;
        self.own_cpu += later.own_cpu;
        self.failures.merge(later.failures);
        Ok(())
    }
}

/// The load of one scenario on one server.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    pub scenario: &'a dyn Scenario,
    pub stage: &'a Stage,
    /// The server's process.
    pub server: u32,
    pub warmup: Duration,
    pub measured: Duration,
}

impl Load<'_> {
    /// Puts the load on the server for the time of the warm-up, then measures it.
    ///
    /// Failed requests are counted in the result; an error if answers stay out altogether, or if the server has died.
    pub async fn measure(self) -> Result<Measurement> {
        measure(self, |_| true).await
    }

    /// The same without the background.
    pub async fn measure_quiet(self) -> Result<Measurement> {
        measure(self, |connection| !self.scenario.is_background(connection)).await
    }

    /// Whether some connections are background.
    pub fn has_background(self) -> bool {
        (0..self.stage.connections).any(|connection| self.scenario.is_background(connection))
    }
}

async fn measure(load: Load<'_>, takes_part: impl Fn(usize) -> bool) -> Result<Measurement> {
    let Load {
        scenario,
        stage,
        server,
        measured,
        ..
    } = load;
    let measurement = Rc::new(RefCell::new(Measurement::new()));
    let all_requests: Vec<_> = (0..stage.connections)
        .filter(|&connection| takes_part(connection))
        .map(|connection| {
            (
                scenario.is_background(connection),
                scenario.requests(stage, connection),
            )
        })
        .collect();
    let start = Instant::now() + load.warmup;
    let window = Window {
        start,
        end: start + measured,
    };
    let mut tasks = JoinSet::new();
    for (is_background, requests) in all_requests {
        let busy = Busy {
            address: stage.address,
            is_background,
            window,
        };
        tasks.spawn_local(busy.keep(requests, Rc::clone(&measurement)));
    }
    time::sleep_until(window.start.into()).await;
    let before = (process::cpu_time(server)?, process::cpu_time(std::process::id())?);
    time::sleep_until(window.end.into()).await;
    let after = (process::cpu_time(server)?, process::cpu_time(std::process::id())?);
    time::timeout(LAST_ANSWERS, async { while tasks.join_next().await.is_some() {} })
        .await
        .with_context(|| format!("no answer within {} s", LAST_ANSWERS.as_secs()))?;
    let mut measurement = measurement.replace(Measurement::new());
    measurement.elapsed = measured;
    measurement.server_cpu = after.0.saturating_sub(before.0);
    measurement.own_cpu = after.1.saturating_sub(before.1);
    ensure!(
        measurement.requests() > 0 || measurement.failures.count > 0,
        "not one request was answered within {} s",
        measured.as_secs()
    );
    Ok(measurement)
}

/// One connection that is kept busy until the window ends or the connection breaks.
#[derive(Clone, Copy)]
struct Busy {
    address: SocketAddr,
    is_background: bool,
    window: Window,
}

impl Busy {
    async fn keep(self, requests: Requests, measurement: Rc<RefCell<Measurement>>) {
        if let Err(error) = self.try_keep(requests, &measurement).await {
            measurement.borrow_mut().failures.add(|| format!("{error:#}"));
        }
    }

    async fn try_keep(self, requests: Requests, measurement: &RefCell<Measurement>) -> Result<()> {
        let Window { start, end } = self.window;
        let mut requests = Turns::new(requests);
        let mut connection = Connection::open(self.address).await?;
        let mut sent = Instant::now();
        while sent < end {
            let response = connection.send(requests.next()).await?;
            let answered = Instant::now();
            let mut measurement = measurement.borrow_mut();
            if !response.is_success() {
                measurement.failures.add(|| {
                    format!(
                        "status {}, body: {}",
                        response.status,
                        String::from_utf8_lossy(response.body)
                    )
                });
            } else if answered >= start && answered < end {
                if self.is_background {
                    measurement.background += 1;
                } else {
                    let micros = u64::try_from((answered - sent).as_micros()).unwrap_or(u64::MAX);
                    measurement.latency.saturating_record(micros);
                }
            }
            sent = answered;
        }
        Ok(())
    }
}

/// Where a connection is in its requests.
struct Turns {
    requests: Requests,
    turn: usize,
    fresh: Vec<u8>,
}

impl Turns {
    fn new(requests: Requests) -> Self {
        Self {
            requests,
            turn: 0,
            fresh: Vec::new(),
        }
    }

    fn next(&mut self) -> &[u8] {
        match &mut self.requests {
            Requests::Cycle(requests) => {
                let turn = self.turn;
                self.turn = (turn + 1) % requests.len();
                &requests[turn]
            }
            Requests::Fresh(render) => {
                self.fresh = render();
                &self.fresh
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_recorded_latencies() {
        let mut measurement = Measurement::new();
        for micros in 1..=1000 {
            measurement.latency.record(micros).unwrap();
        }
        let at = |quantile| measurement.latency.value_at_quantile(quantile);
        assert_eq!((at(0.5), at(0.99), at(0.999)), (500, 990, 999));
    }

    #[test]
    fn rounds_add_up_and_the_first_failure_is_kept() {
        let round = |micros, failure: &str| {
            let mut round = Measurement::new();
            round.elapsed = Duration::from_secs(1);
            round.latency.record(micros).unwrap();
            round.background = 5;
            round.failures.add(|| failure.to_owned());
            round
        };
        let mut total = round(10, "status 500");
        total.merge(round(30, "status 404")).unwrap();
        assert_eq!((total.requests(), total.background), (2, 10));
        assert_eq!(total.elapsed, Duration::from_secs(2));
        assert_eq!(
            (total.failures.count, total.failures.first.as_deref()),
            (2, Some("status 500"))
        );
    }

    #[test]
    fn latencies_beyond_the_histogram_are_kept_at_its_end() {
        let mut measurement = Measurement::new();
        measurement.latency.saturating_record(u64::MAX);
        assert!(measurement.latency.max() >= 60_000_000);
    }

    #[test]
    fn requests_take_turns() {
        let mut turns = Turns::new(Requests::Cycle(vec![b"a".to_vec(), b"b".to_vec()]));
        assert_eq!(
            [
                turns.next().to_vec(),
                turns.next().to_vec(),
                turns.next().to_vec()
            ]
            .concat(),
            b"aba"
        );
    }
}
