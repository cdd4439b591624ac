//! Dates and times of day.

use chrono::{NaiveDate, NaiveTime};
use serde_json::Value;

use super::Rule;

/// See [`date`].
pub struct Date;

/// A day, `YYYY-MM-DD`, zero padding optional.
pub fn date() -> Date {
    Date
}

impl Rule for Date {
    type Value = NaiveDate;

    fn check(&self, value: &Value) -> Result<NaiveDate, Vec<String>> {
        value.as_str().and_then(parse_date).ok_or_else(|| {
            vec!["Date has wrong format. Use one of these formats instead: YYYY-MM-DD.".to_owned()]
        })
    }
}

pub(super) fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.trim().split('-');
    let year = number_of_digits(parts.next()?, 4, 4)?;
    let (month, day) = (
        number_of_digits(parts.next()?, 1, 2)?,
        number_of_digits(parts.next()?, 1, 2)?,
    );
    if parts.next().is_some() || year == 0 {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn number_of_digits(text: &str, least: usize, most: usize) -> Option<u32> {
    ((least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// See [`time`].
pub struct Time;

/// A time of day, `HH:MM[:SS[.ffffff]]`, zero padding optional; an offset is dropped.
pub fn time() -> Time {
    Time
}

impl Rule for Time {
    type Value = NaiveTime;

    fn check(&self, value: &Value) -> Result<NaiveTime, Vec<String>> {
        value.as_str().and_then(parse_time).ok_or_else(|| {
            vec!["Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].".to_owned()]
        })
    }
}

pub(super) fn parse_time(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    let end = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, offset) = text.split_at(end);
    let offset_is_valid = match offset {
        "" | "Z" => true,
        offset => {
            let digits = offset[1..].replace(':', "");
            (2..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (
        number_of_digits(parts.next()?, 1, 2)?,
        number_of_digits(parts.next()?, 1, 2)?,
    );
    let (second, fraction) = match parts.next() {
        None => ("0", None),
        Some(rest) => rest
            .split_once(['.', ','])
            .map_or((rest, None), |(second, fraction)| (second, Some(fraction))),
    };
    let micros = match fraction {
        None => 0,
        Some(fraction) => format!("{:0<6}", fraction.get(..fraction.len().min(6))?)
            .parse()
            .ok()
            .filter(|_| number_of_digits(fraction, 1, 9).is_some())?,
    };
    if !offset_is_valid || parts.next().is_some() {
        return None;
    }
    NaiveTime::from_hms_micro_opt(hour, minute, number_of_digits(second, 1, 2)?, micros)
}
