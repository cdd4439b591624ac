//! What a run tells: a table for people, and the same as JSON.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::database::Backend;
use crate::load::{Failures, Measurement};
use crate::machine::Machine;

/// Everything a run has found out.
#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub connections: usize,
    /// Seconds measured in each round.
    pub seconds: u32,
    pub outcomes: Vec<Outcome>,
    /// Scenarios that could not be measured at all, and why.
    pub errors: Vec<String>,
}

/// What one scenario has shown on one database.
#[derive(Debug, Serialize)]
pub struct Outcome {
    pub scenario: &'static str,
    pub database: Backend,
    /// Successful requests of all rounds, the warm-ups left out.
    pub requests: u64,
    /// The median of the rounds.
    pub requests_per_second: f64,
    /// Over all rounds.
    pub latency_micros: Latency,
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
    /// The median of the rounds.
    pub floor_tps: Option<f64>,
    /// The median of the rounds' ratios of requests per second to floor.
    pub ratio_to_floor: Option<f64>,
    /// Why the floor is missing although the scenario has one.
    pub floor_error: Option<String>,
    pub rounds: Vec<Round>,
}

/// Percentiles, in microseconds.
#[derive(Debug, Serialize)]
pub struct Latency {
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
}

/// One measured round: the server, then its floor.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Round {
    pub requests_per_second: f64,
    pub floor_tps: Option<f64>,
}

impl Round {
    fn ratio_to_floor(&self) -> Option<f64> {
        Some(self.requests_per_second / self.floor_tps?)
    }
}

impl Report {
    /// Whether everything was measured and every request succeeded.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
            && self
                .outcomes
                .iter()
                .all(|outcome| outcome.failures == 0 && outcome.floor_error.is_none())
    }

    pub fn write_json(&self, path: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        fs::write(path, json + "\n").with_context(|| format!("writing {}", path.display()))
    }
}

impl Outcome {
    /// Sums up the rounds of a scenario; `total` is what they have shown together.
    pub fn new(
        (scenario, database): (&'static str, Backend),
        total: Measurement,
        server_peak_memory_bytes: u64,
        rounds: Vec<Round>,
        floor_error: Option<String>,
    ) -> Self {
        let requests = total.requests();
        let micros_per_request = |seconds: f64| seconds * 1e6 / float(requests.max(1));
        let at = |quantile| total.latency.value_at_quantile(quantile);
        let Failures {
            count: failures,
            first: first_failure,
        } = total.failures;
        Self {
            scenario,
            database,
            requests,
            requests_per_second: median(rounds.iter().map(|round| round.requests_per_second)).unwrap_or(0.0),
            latency_micros: Latency {
                p50: at(0.5),
                p99: at(0.99),
                p999: at(0.999),
                max: total.latency.max(),
            },
            server_cpu_seconds: total.server_cpu.as_secs_f64(),
            server_cpu_micros_per_request: micros_per_request(total.server_cpu.as_secs_f64()),
            bench_cpu_micros_per_request: micros_per_request(total.own_cpu.as_secs_f64()),
            server_peak_memory_bytes,
            failures,
            first_failure,
            floor_tps: median(rounds.iter().filter_map(|round| round.floor_tps)),
            ratio_to_floor: median(rounds.iter().filter_map(Round::ratio_to_floor)),
            floor_error,
            rounds,
        }
    }

    /// The line below [`table_head`], and lines below it for the floor and for what went wrong.
    pub fn table_row(&self) -> String {
        let row = format!(
            "{:<14} {:<9} {:>10.0} {:>9} {:>9} {:>9} {:>8.2} {:>10.1} {:>10.1} {:>9.1} {:>7}",
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
        let floor = self.floor_tps.zip(self.ratio_to_floor);
        let notes = [
            floor.map(|(tps, ratio)| format!("floor (pgbench): {tps:.0} tps, ratio to floor: {ratio:.2}")),
            self.floor_error
                .as_ref()
                .map(|error| format!("no floor: {error}")),
            self.first_failure
                .as_ref()
                .map(|failure| format!("first failure: {failure}")),
        ];
        notes
            .into_iter()
            .flatten()
            .fold(row, |row, note| row + "\n  " + &note)
    }
}

/// The head of the table that [`Outcome::table_row`] fills.
pub fn table_head() -> String {
    format!(
        "{:<14} {:<9} {:>10} {:>9} {:>9} {:>9} {:>8} {:>10} {:>10} {:>9} {:>7}",
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
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
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
        let outcome = Outcome::new(("me", Backend::Postgres), total(&[100, 200]), 0, rounds, None);
        assert_eq!(outcome.ratio_to_floor, Some(0.5));
        assert_eq!(outcome.floor_tps, Some(100.0));
        assert!((outcome.requests_per_second - 50.0).abs() < f64::EPSILON);
        assert!((outcome.server_cpu_micros_per_request - 5000.0).abs() < f64::EPSILON);
        assert!(outcome.table_row().contains("ratio to floor: 0.50"));
    }

    #[test]
    fn a_single_failed_request_makes_a_report_unclean() {
        let mut measurement = total(&[100]);
        let outcome = |measurement| Outcome::new(("me", Backend::Sqlite), measurement, 0, Vec::new(), None);
        let mut report = Report {
            machine: Machine::this(),
            connections: 1,
            seconds: 1,
            outcomes: vec![outcome(total(&[100]))],
            errors: Vec::new(),
        };
        assert!(report.is_clean());
        measurement
            .failures
            .add(|| String::from("status 500, body: oops"));
        report.outcomes.push(outcome(measurement));
        assert!(!report.is_clean());
        assert!(
            report.outcomes[1]
                .table_row()
                .ends_with("first failure: status 500, body: oops")
        );
    }
}
