//! How many frames a client may still send.

use platform::limits::Rate;
use tokio::time::Instant;

/// Refills steadily up to what the rate allows at once.
pub struct Allowance {
    rate: Option<Rate>,
    left: f64,
    at: Instant,
}

impl Allowance {
    /// A full one; without a rate it never ends.
    pub fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            left: rate.map_or(0.0, |rate| f64::from(rate.count)),
            at: Instant::now(),
        }
    }

    /// Takes so many frames of it, if there are as many.
    pub fn spend(&mut self, frames: u32) -> bool {
        let Some(rate) = self.rate else { return true };
        let now = Instant::now();
        let share = now.duration_since(self.at).as_secs_f64() / rate.period.as_secs_f64();
        let most = f64::from(rate.count);
        self.left = (self.left + share * most).min(most);
        self.at = now;
        let frames = f64::from(frames);
        let is_enough = self.left >= frames;
        if is_enough {
            self.left -= frames;
        }
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_ends_and_refills() {
        let rate = Rate {
            count: 10,
            period: Duration::from_secs(10),
        };
        let mut allowance = Allowance::new(Some(rate));
        assert!(allowance.spend(9) && allowance.spend(1) && !allowance.spend(1));
        allowance.at -= Duration::from_secs(2);
        assert!(allowance.spend(2) && !allowance.spend(1));
        allowance.at -= Duration::from_hours(1);
        assert!(!allowance.spend(11) && allowance.spend(10));
        assert!(Allowance::new(None).spend(u32::MAX));
    }
}
