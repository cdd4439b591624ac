//! What a run tells: a table for people, and the same as JSON.

mod comparison;
mod sockets;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::database::Backend;
use crate::load::{Failures, Measurement};
use crate::machine::Machine;

pub use comparison::Comparison;
pub use sockets::{HalfRate, Sockets, per};

/// Everything a run has found out.
#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub connections: usize,
    /// Seconds measured in each round.
    pub seconds: u32,
    pub outcomes: Vec<Outcome>,
    /// Scenarios beside those that they should not be far from.
    pub comparisons: Vec<Comparison>,
    /// Scenarios that could not be measured at all, and why.
    pub errors: Vec<String>,
}

/// What one scenario has shown on one database.
#[derive(Debug, Serialize)]
pub struct Outcome {
    pub scenario: &'static str,
    pub database: Backend,
    /// Successful requests of all rounds, the warm-ups and the background left out.
    pub requests: u64,
    /// The median of the rounds.
    pub requests_per_second: f64,
    /// Over all rounds.
    pub latency_micros: Latency,
    /// What was measured without the background, if the scenario has one.
    pub quiet: Option<Quiet>,
    /// Successful requests of the background a second, over all rounds.
    pub background_per_second: Option<f64>,
    /// User and system time over all rounds, the warm-ups left out.
    pub server_cpu_seconds: f64,
    pub server_cpu_micros_per_request: f64,
    /// What the load generator itself has used: it shares the cores with the server.
    pub bench_cpu_micros_per_request: f64,
    /// From the start of the server on.
    pub server_peak_memory_bytes: u64,
    /// Failed requests, the warm-ups included.
    pub failures: u64,
    pub first_failure: Option<String>,
    /// What the floor is made of.
    pub floor: Option<&'static str>,
    /// The median of the rounds.
    pub floor_tps: Option<f64>,
    /// The median of the rounds' ratios of requests per second to floor.
    pub ratio_to_floor: Option<f64>,
    /// Why the floor is missing although the scenario has one.
    pub floor_error: Option<String>,
    /// What was wrong in the database after the last answer.
    pub check_error: Option<String>,
    /// Milliseconds until the work of a single request was done that goes on after its answer; the median of a few.
    pub errand_millis: Option<f64>,
    /// What was true then.
    pub errand: Option<&'static str>,
    /// What a scenario of the WebSocket gateway has shown besides.
    pub sockets: Option<Sockets>,
    pub rounds: Vec<Round>,
}

/// What the rounds of a scenario have shown.
pub struct Findings {
    /// All rounds together.
    pub total: Measurement,
    /// The same without the background, if the scenario has one.
    pub quiet: Option<Measurement>,
    pub rounds: Vec<Round>,
    pub floor: Option<&'static str>,
    pub floor_error: Option<String>,
    pub check_error: Option<String>,
    /// Milliseconds, and what was true then.
    pub errand: Option<(f64, &'static str)>,
    pub sockets: Option<Sockets>,
    pub server_peak_memory_bytes: u64,
}

impl Findings {
    /// Those of a scenario that is measured by itself.
    pub fn of(total: Measurement) -> Self {
        Self {
            total,
            quiet: None,
            rounds: Vec::new(),
            floor: None,
            floor_error: None,
            check_error: None,
            errand: None,
            sockets: None,
            server_peak_memory_bytes: 0,
        }
    }
}

/// A scenario without its background.
#[derive(Debug, Serialize)]
pub struct Quiet {
    /// The median of the rounds.
    pub requests_per_second: f64,
    /// Over all rounds.
    pub latency_micros: Latency,
}

/// Percentiles, in microseconds.
#[derive(Debug, Serialize)]
pub struct Latency {
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
}

impl Latency {
    pub fn of(measurement: &Measurement) -> Self {
        let at = |quantile| measurement.latency.value_at_quantile(quantile);
        Self {
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: measurement.latency.max(),
        }
    }
}

/// One measured round: the server without the background, with it, then the floor.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Round {
    pub quiet_requests_per_second: Option<f64>,
    pub requests_per_second: f64,
    pub floor_tps: Option<f64>,
}

impl Round {
    fn ratio_to_floor(&self) -> Option<f64> {
        Some(self.requests_per_second / self.floor_tps?)
    }
}

impl Report {
    /// Whether everything was measured, every request succeeded and the database was right afterwards.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
            && self.outcomes.iter().all(|outcome| {
                outcome.failures == 0 && outcome.floor_error.is_none() && outcome.check_error.is_none()
            })
    }

    pub fn write_json(&self, path: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        fs::write(path, json + "\n").with_context(|| format!("writing {}", path.display()))
    }
}

impl Outcome {
    /// Sums up what the rounds of a scenario have shown.
    pub fn new((scenario, database): (&'static str, Backend), findings: Findings) -> Self {
        let Findings { total, rounds, .. } = findings;
        let requests = total.requests();
        let micros_per_request = |seconds: f64| seconds * 1e6 / float(requests.max(1));
        let latency_micros = Latency::of(&total);
        let Failures {
            count: failures,
            first: first_failure,
        } = total.failures;
        let quiet = findings.quiet.map(|quiet| Quiet {
            requests_per_second: median(rounds.iter().filter_map(|round| round.quiet_requests_per_second))
                .unwrap_or(0.0),
            latency_micros: Latency::of(&quiet),
        });
        let background_per_second = float(total.background) / total.elapsed.as_secs_f64();
        Self {
            scenario,
            database,
            requests,
            requests_per_second: median(rounds.iter().map(|round| round.requests_per_second)).unwrap_or(0.0),
            latency_micros,
            background_per_second: quiet.is_some().then_some(background_per_second),
            quiet,
            server_cpu_seconds: total.server_cpu.as_secs_f64(),
            server_cpu_micros_per_request: micros_per_request(total.server_cpu.as_secs_f64()),
            bench_cpu_micros_per_request: micros_per_request(total.own_cpu.as_secs_f64()),
            server_peak_memory_bytes: findings.server_peak_memory_bytes,
            failures,
            first_failure,
            floor: findings.floor,
            floor_tps: median(rounds.iter().filter_map(|round| round.floor_tps)),
            ratio_to_floor: median(rounds.iter().filter_map(Round::ratio_to_floor)),
            floor_error: findings.floor_error,
            check_error: findings.check_error,
            errand_millis: findings.errand.map(|(millis, _)| millis),
            errand: findings.errand.map(|(_, what)| what),
            sockets: findings.sockets,
            rounds,
        }
    }

    /// The line below [`table_head`], and lines below it for what it is compared with and for what went wrong.
    pub fn table_row(&self) -> String {
        let row = format!(
            "{:<20} {:<9} {:>10.0} {:>9} {:>9} {:>9} {:>8.2} {:>10.1} {:>10.1} {:>9.1} {:>7}",
            self.scenario,
            self.database.to_string(),
            self.requests_per_second,
            self.latency_micros.p50,
            self.latency_micros.p99,
            self.latency_micros.p999,
            self.server_cpu_seconds,
            self.server_cpu_micros_per_request,
            self.bench_cpu_micros_per_request,
            float(self.server_peak_memory_bytes) / (1024.0 * 1024.0),
            self.failures,
        );
        let wrong =
            |what: &str, error: &Option<String>| error.as_ref().map(|error| format!("{what}: {error}"));
        let notes = [
            self.quiet_note(),
            self.floor_note(),
            self.errand_note(),
            self.sockets.as_ref().map(Sockets::note),
            wrong("no floor", &self.floor_error),
            wrong("wrong after the load", &self.check_error),
            wrong("first failure", &self.first_failure),
        ];
        notes
            .into_iter()
            .flatten()
            .fold(row, |row, note| row + "\n  " + &note)
    }

    fn floor_note(&self) -> Option<String> {
        let (name, tps, ratio) = (self.floor?, self.floor_tps?, self.ratio_to_floor?);
        Some(format!("floor ({name}): {tps:.0}/s, ratio to floor: {ratio:.2}"))
    }

    fn errand_note(&self) -> Option<String> {
        let (millis, what) = (self.errand_millis?, self.errand?);
        Some(format!("one alone: {millis:.0} ms until the {what}"))
    }

    fn quiet_note(&self) -> Option<String> {
        let (quiet, background) = (self.quiet.as_ref()?, self.background_per_second?);
        let (busy, alone) = (&self.latency_micros, &quiet.latency_micros);
        Some(format!(
            "beside {background:.0} requests/s in the background; without them: {:.0} requests/s, p50 {} µs, p99 {} µs; \
             with them: requests/s × {:.2}, p50 × {:.2}, p99 × {:.2}",
            quiet.requests_per_second,
            alone.p50,
            alone.p99,
            self.requests_per_second / quiet.requests_per_second,
            ratio(busy.p50, alone.p50),
            ratio(busy.p99, alone.p99),
        ))
    }
}

fn ratio(one: u64, other: u64) -> f64 {
    float(one) / float(other)
}

/// The head of the table that [`Outcome::table_row`] fills.
pub fn table_head() -> String {
    format!(
        "{:<20} {:<9} {:>10} {:>9} {:>9} {:>9} {:>8} {:>10} {:>10} {:>9} {:>7}",
        "scenario",
        "database",
        "requests/s",
        "p50 µs",
        "p99 µs",
        "p99.9 µs",
        "CPU s",
        "CPU µs/req",
        "own µs/req",
        "peak MB",
        "errors"
    )
}

/// The middle value (the mean of the two middle ones); `None` of nothing.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes far below 2^53")]
pub fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn total(latencies: &[u64]) -> Measurement {
        let mut total = Measurement::new();
        for &micros in latencies {
            total.latency.record(micros).unwrap();
        }
        total.server_cpu = Duration::from_millis(10);
        total
    }

    fn round(requests_per_second: f64, floor_tps: f64) -> Round {
        Round {
            quiet_requests_per_second: None,
            requests_per_second,
            floor_tps: Some(floor_tps),
        }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }

    #[test]
    fn ratios_are_taken_per_round() {
        let rounds = vec![round(50.0, 100.0), round(90.0, 100.0), round(40.0, 200.0)];
        let found = Findings {
            rounds,
            floor: Some("pgbench"),
            ..Findings::of(total(&[100, 200]))
        };
        let outcome = Outcome::new(("me", Backend::Postgres), found);
        assert_eq!(outcome.ratio_to_floor, Some(0.5));
        assert_eq!(outcome.floor_tps, Some(100.0));
        assert!((outcome.requests_per_second - 50.0).abs() < f64::EPSILON);
        assert!((outcome.server_cpu_micros_per_request - 5000.0).abs() < f64::EPSILON);
        let row = outcome.table_row();
        assert!(
            row.ends_with("floor (pgbench): 100/s, ratio to floor: 0.50"),
            "{row}"
        );
    }

    #[test]
    fn a_scenario_is_put_beside_itself_without_background() {
        let mut busy = total(&[300]);
        (busy.background, busy.elapsed) = (14, Duration::from_secs(2));
        let found = Findings {
            quiet: Some(total(&[100])),
            rounds: vec![Round {
                quiet_requests_per_second: Some(80.0),
                requests_per_second: 20.0,
                floor_tps: None,
            }],
            ..Findings::of(busy)
        };
        let row = Outcome::new(("me", Backend::Sqlite), found).table_row();
        assert!(
            row.ends_with(
                "beside 7 requests/s in the background; without them: 80 requests/s, p50 100 µs, p99 100 µs; \
                 with them: requests/s × 0.25, p50 × 3.00, p99 × 3.00"
            ),
            "{row}"
        );
    }

    #[test]
    fn errands_are_noted() {
        let found = Findings {
            errand: Some((41.6, "lights are out")),
            ..Findings::of(total(&[100]))
        };
        let row = Outcome::new(("post-create", Backend::Sqlite), found).table_row();
        assert!(
            row.ends_with("one alone: 42 ms until the lights are out"),
            "{row}"
        );
    }

    #[test]
    fn a_single_failed_request_makes_a_report_unclean() {
        let mut failing = total(&[100]);
        failing.failures.add(|| String::from("status 500, body: oops"));
        assert_unclean(Findings::of(failing), "first failure: status 500, body: oops");
    }

    #[test]
    fn a_wrong_database_makes_a_report_unclean() {
        let found = Findings {
            check_error: Some(String::from("3 wrong counts")),
            ..Findings::of(total(&[100]))
        };
        assert_unclean(found, "wrong after the load: 3 wrong counts");
    }

    fn assert_unclean(found: Findings, note: &str) {
        let outcome = |found| Outcome::new(("me", Backend::Sqlite), found);
        let mut report = Report {
            machine: Machine::this(),
            connections: 1,
            seconds: 1,
            outcomes: vec![outcome(Findings::of(total(&[100])))],
            comparisons: Vec::new(),
            errors: Vec::new(),
        };
        assert!(report.is_clean());
        report.outcomes.push(outcome(found));
        assert!(!report.is_clean());
        let row = report.outcomes[1].table_row();
        assert!(row.ends_with(note), "{row}");
    }
}
