use std::time::Duration;

/// So many times within a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many times; 0 means never.
    pub count: u32,
    /// Over what time.
    pub period: Duration,
}

/// A text that is not a rate.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a rate: write a whole number, a slash and s, m, h or d, such as 240/min")]
pub struct InvalidRate(String);

impl Rate {
    /// Reads `N/<period>`, where the period's first letter is s, m, h or d: `5/s`, `240/min`, `10/day`.
    /// An empty text is no throttle.
    ///
    /// # Errors
    /// For every other text, naming it.
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidRate> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let invalid = || InvalidRate(text.to_owned());
        let (count, period) = text.split_once('/').ok_or_else(invalid)?;
        let seconds = match period.trim_start().chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            _ => return Err(invalid()),
        };
        let count = count.trim_end().parse().map_err(|_| invalid())?;
        Ok(Some(Self {
            count,
            period: Duration::from_secs(seconds),
        }))
    }

    /// The period in microseconds.
    pub(super) fn period_micros(self) -> i64 {
        i64::try_from(self.period.as_micros()).unwrap_or(i64::MAX / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (u32, u64) {
        let rate = Rate::parse(text).unwrap().unwrap();
        (rate.count, rate.period.as_secs())
    }

    #[test]
    fn reads_a_number_and_a_period() {
        assert_eq!(parsed("5/s"), (5, 1));
        assert_eq!(parsed("240/min"), (240, 60));
        assert_eq!(parsed("1000/hour"), (1000, 3_600));
        assert_eq!(parsed(" 10/day "), (10, 86_400));
        assert_eq!(parsed("0/m"), (0, 60));
    }

    #[test]
    fn an_empty_text_is_no_throttle() {
        assert_eq!(Rate::parse(""), Ok(None));
        assert_eq!(Rate::parse("  "), Ok(None));
    }

    #[test]
    fn names_the_text_it_cannot_read() {
        for text in [
            "5",
            "5/",
            "/min",
            "x/min",
            "-1/min",
            "1.5/s",
            "5/year",
            "5/Min",
            "99999999999/s",
        ] {
            assert!(
                Rate::parse(text).unwrap_err().to_string().contains(text),
                "{text}"
            );
        }
    }
}
