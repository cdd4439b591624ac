//! The only source of the current time and of randomness. Tests move the clock.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, Duration, SubsecRound, Utc};
use rand::Rng as _;

/// The current time, to the microsecond (what both databases keep).
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Microseconds added to the machine's clock.
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// The current time.
    pub fn now(&self) -> DateTime<Utc> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the machine's clock"
        )]
        let now = Utc::now().trunc_subsecs(6);
        match self.offset.load(Ordering::Relaxed) {
            0 => now,
            offset => now + Duration::microseconds(offset),
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_millis(&self) -> i64 {
        self.now().timestamp_millis()
    }

    /// Moves the clock, also backwards: for tests, which cannot wait.
    pub fn advance(&self, by: Duration) {
        self.offset
            .fetch_add(by.num_microseconds().unwrap_or(0), Ordering::Relaxed);
    }
}

/// `N` bytes that nobody can guess.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// `2 × N` lower-case hexadecimal digits that nobody can guess.
pub fn random_hex<const N: usize>() -> String {
    random_bytes::<N>()
        .iter()
        .fold(String::with_capacity(2 * N), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
