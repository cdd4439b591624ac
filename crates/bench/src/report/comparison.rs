//! One scenario beside another.

use std::fmt;

use serde::Serialize;

use super::{Outcome, ratio};
use crate::database::Backend;

/// How a scenario did in terms of another that was measured in the same run on the same database.
#[derive(Debug, Serialize)]
pub struct Comparison {
    pub scenario: &'static str,
    pub compared_with: &'static str,
    pub database: Backend,
    /// Below 1: slower than the other.
    pub requests_per_second_ratio: f64,
    /// Above 1: slower than the other.
    pub p50_ratio: f64,
    /// Above 1: slower than the other.
    pub p99_ratio: f64,
}

impl Comparison {
    pub fn of(outcome: &Outcome, other: &Outcome) -> Self {
        let (latency, usual) = (&outcome.latency_micros, &other.latency_micros);
        Self {
            scenario: outcome.scenario,
            compared_with: other.scenario,
            database: outcome.database,
            requests_per_second_ratio: outcome.requests_per_second / other.requests_per_second,
            p50_ratio: ratio(latency.p50, usual.p50),
            p99_ratio: ratio(latency.p99, usual.p99),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} compared with {} on {}: requests/s × {:.2}, p50 × {:.2}, p99 × {:.2}",
            self.scenario,
            self.compared_with,
            self.database,
            self.requests_per_second_ratio,
            self.p50_ratio,
            self.p99_ratio
        )
    }
}
