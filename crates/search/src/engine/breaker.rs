//! Who does not answer is left alone for a while.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long nobody asks after a failure; then one does, to see whether it is over.
const PAUSE: Duration = Duration::from_secs(2);

/// Remembers whether OpenSearch answers, for the whole process. One line of the log tells when it fails, one when it is back.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<Option<Instant>>);

impl Breaker {
    /// Whether to ask at all. After a failure one caller at a time tries again.
    pub fn lets_through(&self) -> bool {
        let mut closed_until = self.0.lock();
        let Some(until) = *closed_until else {
            return true;
        };
        let now = Instant::now();
        if now < until {
            return false;
        }
        *closed_until = Some(now + PAUSE);
        true
    }

    /// It answered.
    pub fn succeeded(&self) {
        if self.0.lock().take().is_some() {
            tracing::info!("OpenSearch answers again");
        }
        metrics::gauge!("selflink_search_opensearch_up").set(1.0);
    }

    /// It did not.
    pub fn failed(&self, why: &dyn std::fmt::Display) {
        let until = Instant::now() + PAUSE;
        if self.0.lock().replace(until).is_none() {
            tracing::warn!("{why}; the database is searched instead");
        }
        metrics::gauge!("selflink_search_opensearch_up").set(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_one_tries_again_when_the_pause_is_over() {
        let breaker = Breaker::default();
        assert!(breaker.lets_through() && breaker.lets_through());
        breaker.failed(&"silence");
        assert!(!breaker.lets_through());
        *breaker.0.lock() = Some(Instant::now());
        assert!(breaker.lets_through());
        assert!(!breaker.lets_through(), "the one is on its way");
        breaker.succeeded();
        assert!(breaker.lets_through() && breaker.lets_through());
    }
}
