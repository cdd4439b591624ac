//! Times and months. All of them are UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::ParseError;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A moment in UTC, to the microsecond, in the years 1 to 9999. It has one text per [`Zone`]: `YYYY-MM-DDTHH:MM:SS`, a
/// fraction of six digits unless it is zero, the zone. In JSON it is written with [`Zone::Zulu`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp {
    period: Period,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    micros: u32,
}

/// How UTC is written at the end of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// `Z`: in the log and in answers.
    Zulu,
    /// `+00:00`: in the files of a month.
    Offset,
}

impl Zone {
    fn suffix(self) -> &'static str {
        match self {
            Self::Zulu => "Z",
            Self::Offset => "+00:00",
        }
    }
}

impl Timestamp {
    /// Reads a time in its one form.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, ParseError> {
        Self::read(text, zone).ok_or_else(|| ParseError::new("a time in UTC", text))
    }

    fn read(text: &str, zone: Zone) -> Option<Self> {
        let bare = text.strip_suffix(zone.suffix())?;
        let (seconds, micros) = match bare.split_once('.') {
            Some((seconds, fraction)) if fraction.len() == 6 => {
                (seconds, digits(fraction).filter(|micros| *micros > 0)?)
            }
            Some(_) => return None,
            None => (bare, 0),
        };
        let bytes = seconds.as_bytes();
        let marks = [(10, b'T'), (7, b'-'), (13, b':'), (16, b':')];
        if !seconds.is_ascii() || bytes.len() != 19 || marks.iter().any(|(at, mark)| bytes[*at] != *mark) {
            return None;
        }
        let part = |from: usize| u8::try_from(digits(&seconds[from..from + 2])?).ok();
        let (period, day): (Period, u8) = (seconds[..7].parse().ok()?, part(8)?);
        let (hour, minute, second) = (part(11)?, part(14)?, part(17)?);
        let exists = (1..=period.days()).contains(&day) && hour < 24 && minute < 60 && second < 60;
        exists.then_some(Self {
            period,
            day,
            hour,
            minute,
            second,
            micros,
        })
    }

    /// The moment so many microseconds after 1970 began, or none outside of the years 1 to 9999.
    pub fn from_unix_micros(micros: i64) -> Option<Self> {
        let (seconds, fraction) = (
            micros.div_euclid(MICROS_PER_SECOND),
            micros.rem_euclid(MICROS_PER_SECOND),
        );
        let (days, of_day) = (
            seconds.div_euclid(SECONDS_PER_DAY),
            seconds.rem_euclid(SECONDS_PER_DAY),
        );
        let (period, day) = civil(days)?;
        Some(Self {
            period,
            day,
            hour: u8::try_from(of_day / 3600).ok()?,
            minute: u8::try_from(of_day / 60 % 60).ok()?,
            second: u8::try_from(of_day % 60).ok()?,
            micros: u32::try_from(fraction).ok()?,
        })
    }

    /// Its one text in that form.
    pub fn format(&self, zone: Zone) -> String {
        let fraction = match self.micros {
            0 => String::new(),
            micros => format!(".{micros:06}"),
        };
        format!(
            "{}-{:02}T{:02}:{:02}:{:02}{fraction}{}",
            self.period,
            self.day,
            self.hour,
            self.minute,
            self.second,
            zone.suffix()
        )
    }

    /// The month that it is in.
    pub fn period(&self) -> Period {
        self.period
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.format(Zone::Zulu))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?, Zone::Zulu).map_err(D::Error::custom)
    }
}

/// A month, `YYYY-MM`: from its first day at 00:00:00 up to and without the first day of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    year: u16,
    month: u8,
}

impl Period {
    /// A month of the years 1 to 9999, or none.
    pub fn new(year: u16, month: u8) -> Option<Self> {
        ((1..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    fn days(self) -> u8 {
        let leap =
            self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Period {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parts = text
            .split_once('-')
            .filter(|(year, month)| year.len() == 4 && month.len() == 2);
        let period = parts.and_then(|(year, month)| {
            let (year, month) = (
                u16::try_from(digits(year)?).ok()?,
                u8::try_from(digits(month)?).ok()?,
            );
            Self::new(year, month)
        });
        period.ok_or_else(|| ParseError::new("a month as YYYY-MM", text))
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// The number that ASCII digits and nothing else stand for.
fn digits(text: &str) -> Option<u32> {
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

/// Month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar: years are counted from March, so that
/// the leap day is the last of its year, in cycles of 400 years (146,097 days).
fn civil(days: i64) -> Option<(Period, u8)> {
    let from_march_of_year_zero = days.checked_add(719_468)?;
    let (cycle, of_cycle) = (
        from_march_of_year_zero.div_euclid(146_097),
        from_march_of_year_zero.rem_euclid(146_097),
    );
    let year_of_cycle = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // From March on, months have 31, 30, 31, 30, 31 days in turn: 153 in five.
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = cycle * 400 + year_of_cycle + i64::from(month <= 2);
    let period = Period::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?)?;
    Some((period, u8::try_from(day).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_form() {
        for text in [
            "2025-01-02T03:04:05Z",
            "0001-01-01T00:00:00Z",
            "2024-02-29T23:59:59.000001Z",
        ] {
            assert_eq!(
                Timestamp::parse(text, Zone::Zulu).unwrap().format(Zone::Zulu),
                text
            );
        }
        for text in [
            "2025-01-02T03:04:05.000000Z",
            "2025-01-02T03:04:05.5Z",
            "2025-01-02 03:04:05Z",
            "2025-02-29T00:00:00Z",
            "2025-01-02T24:00:00Z",
            "2025-01-02T03:04:60Z",
            "2025-01-02T03:04:05+00:00",
            "2025-01-02T03:04:05",
            "0000-01-02T03:04:05Z",
            "2025-01-02T+3:04:05Z",
            "2025-01-0\u{e9}T03:04:05Z",
            "",
        ] {
            assert!(Timestamp::parse(text, Zone::Zulu).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_in_order() {
        let at = |text| Timestamp::parse(text, Zone::Offset).unwrap();
        assert!(at("2025-01-02T03:04:05+00:00") < at("2025-01-02T03:04:05.000001+00:00"));
        assert!(at("2025-01-02T03:04:05.999999+00:00") < at("2025-01-02T03:04:06+00:00"));
    }

    #[test]
    fn unix_times_are_days_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (-2_203_891_200, "1900-03-01T00:00:00Z"),
            (-62_135_596_800, "0001-01-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            let at = Timestamp::from_unix_micros(seconds * MICROS_PER_SECOND).unwrap();
            assert_eq!(at.format(Zone::Zulu), text);
        }
        assert!(Timestamp::from_unix_micros(253_402_300_800 * MICROS_PER_SECOND).is_none());
        assert!(Timestamp::from_unix_micros(i64::MIN).is_none());
    }

    #[test]
    fn a_month_has_one_form() {
        assert_eq!("2025-01".parse::<Period>().unwrap().to_string(), "2025-01");
        for text in [
            "2025-1",
            " 2025-01",
            "+2025-01",
            "2025-13",
            "2025-00",
            "0000-01",
            "٢٠٢٥-٠١",
            "2025-01-01",
            "",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
