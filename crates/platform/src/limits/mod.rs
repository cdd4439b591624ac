//! Limits on how often something may happen.
//!
//! [`Throttles`] are sliding windows over the last period, checked together for a whole request.
//! [`FixedWindows`] are plain counters that start again when their window ends.
//!
//! Both count in this process or, where several processes must share one count, in Redis. A Redis that
//! fails lets everything pass: a limit protects the service, it must not take it down. The metric
//! `selflink_limit_failures_total` counts what passed unchecked.

mod expiring;
mod fixed;
mod rate;
mod sliding;
#[cfg(test)]
mod tests;

pub use fixed::FixedWindows;
pub use rate::{InvalidRate, Rate};
pub use sliding::{Hit, Throttles, Wait};

use crate::redis_client::LogPause;

/// How many keys one process counts at a time; beyond it, the one that would be forgotten soonest is.
const MAX_KEYS: usize = 200_000;

fn report_failure(limit: &'static str, error: &redis::RedisError, pause: &LogPause) {
    metrics::counter!("selflink_limit_failures_total", "limit" => limit).increment(1);
    if pause.is_over() {
        tracing::warn!(%error, "Redis cannot check the {limit} limits, requests pass unchecked");
    }
}
