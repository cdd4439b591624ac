//! Moments as clients write them in a query.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// What is said of a text that is no moment.
pub const WRONG_FORMAT: &str = "Datetime has wrong format. Use one of these formats instead: \
    YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";

/// Reads `YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]`; without an offset it is UTC. A blank stands for the `T`, and
/// for a `+` that a client forgot to encode.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    if !date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return None;
    }
    let date: NaiveDate = date.parse().ok()?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, offset) = match rest.strip_suffix(['Z', 'z']) {
        Some(time) => (time, TimeDelta::zero()),
        None => match rest.rfind(['+', '-', ' ']) {
            None => (rest, TimeDelta::zero()),
            Some(at) => {
                let (time, offset) = rest.split_at_checked(at)?;
                (time, self::offset(offset)?)
            }
        },
    };
    date.and_time(time_of_day(time)?)
        .checked_sub_signed(offset)
        .map(|moment| moment.and_utc())
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    let format = match text.len() {
        5 => "%H:%M",
        8 => "%H:%M:%S",
        10..=18 => "%H:%M:%S%.f",
        _ => return None,
    };
    NaiveTime::parse_from_str(text, format).ok()
}

/// `+HH:MM`, `+HHMM` or `+HH`.
fn offset(text: &str) -> Option<TimeDelta> {
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let number = |text: &str, most: i64| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number
            .then(|| text.parse::<i64>().ok())
            .flatten()
            .filter(|number| *number <= most)
    };
    let minutes = if minutes.is_empty() {
        0
    } else {
        number(minutes, 59)?
    };
    let offset = TimeDelta::minutes(number(hours, 23)? * 60 + minutes);
    Some(if sign == "-" { -offset } else { offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_all_their_forms() {
        for (text, wanted) in [
            ("2026-01-02T03:04", "2026-01-02T03:04:00Z"),
            ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.5Z"),
            ("2026-01-02 03:04:05.123456z", "2026-01-02T03:04:05.123456Z"),
            ("2026-01-02T03:04+04:00", "2026-01-01T23:04:00Z"),
            ("2026-01-02T03:04:05 04:00", "2026-01-01T23:04:05Z"),
            ("2026-01-02T03:04:05-0430", "2026-01-02T07:34:05Z"),
            ("2026-01-02T03:04-01", "2026-01-02T04:04:00Z"),
        ] {
            let wanted = wanted.parse::<DateTime<Utc>>().expect("a moment");
            assert_eq!(parse(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "",
            "yesterday",
            "2026-01-02",
            "2026-13-02T03:04",
            "2026-02-30T03:04",
            "2026-01-02T25:04",
            "2026-01-02T03:04:05+25:00",
            "2026-01-02T03:04:05+1",
            "2026-01-02T03",
            "2026-01-02T03:04Zulu",
            "٢٠٢٦-٠١-٠٢T03:04",
            "+026-01-02T03:04",
            "1767323045",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_crashes(text: String, digits in "[0-9 :TZ+.-]{0,32}") {
            let _ = (parse(&text), parse(&digits));
        }
    }
}
