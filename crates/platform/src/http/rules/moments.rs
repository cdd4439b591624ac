//! Dates and times of day.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound as _, Utc};
use serde_json::Value;

use super::Rule;

/// See [`date`].
#[derive(Default)]
pub struct Date {
    day_first: bool,
}

/// A day, `YYYY-MM-DD`, zero padding optional.
pub fn date() -> Date {
    Date::default()
}

impl Date {
    /// `DD/MM/YYYY` is taken as well.
    #[must_use]
    pub fn or_day_first(mut self) -> Self {
        self.day_first = true;
        self
    }
}

impl Rule for Date {
    type Value = NaiveDate;

    fn check(&self, value: &Value) -> Result<NaiveDate, Vec<String>> {
        let day = |text: &str| {
            let day_first = Some(text).filter(|_| self.day_first);
            parse_date(text).or_else(|| day_first.and_then(parse_day_first))
        };
        value.as_str().and_then(day).ok_or_else(|| {
            let further = if self.day_first { ", DD/MM/YYYY" } else { "" };
            vec![format!(
                "Date has wrong format. Use one of these formats instead: YYYY-MM-DD{further}."
            )]
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

/// `DD/MM/YYYY`.
fn parse_day_first(text: &str) -> Option<NaiveDate> {
    let parts: Vec<&str> = text.trim().split('/').collect();
    match parts[..] {
        [day, month, year] => parse_date(&format!("{year}-{month}-{day}")),
        _ => None,
    }
}

fn number_of_digits(text: &str, least: usize, most: usize) -> Option<u32> {
    ((least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// See [`timestamp`].
pub struct Moment;

/// A moment in ISO 8601, `YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]`; without an offset it is in UTC. Not after the
/// year 9999.
pub fn timestamp() -> Moment {
    Moment
}

impl Rule for Moment {
    type Value = DateTime<Utc>;

    fn check(&self, value: &Value) -> Result<DateTime<Utc>, Vec<String>> {
        value.as_str().and_then(parse_timestamp).ok_or_else(|| {
            let format = "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]";
            vec![format!(
                "Datetime has wrong format. Use one of these formats instead: {format}."
            )]
        })
    }
}

fn parse_timestamp(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.len() > 40 || !text.is_ascii() {
        return None;
    }
    let with_offset = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"]
        .into_iter()
        .find_map(|format| DateTime::parse_from_str(&text.replacen(' ', "T", 1), format).ok());
    let moment = match with_offset {
        Some(moment) => moment.to_utc(),
        None => ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
            .into_iter()
            .find_map(|format| NaiveDateTime::parse_from_str(&text.replacen(' ', "T", 1), format).ok())?
            .and_utc(),
    };
    (moment.year() >= 1 && moment.year() <= 9999).then(|| moment.trunc_subsecs(6))
}

/// See [`time`].
#[derive(Default)]
pub struct Time {
    whole_seconds: bool,
}

/// A time of day, `HH:MM[:SS[.ffffff]]`, zero padding optional; an offset is dropped.
pub fn time() -> Time {
    Time::default()
}

impl Time {
    /// Only `HH:MM[:SS]`, without fraction and offset.
    #[must_use]
    pub fn of_whole_seconds(mut self) -> Self {
        self.whole_seconds = true;
        self
    }
}

impl Rule for Time {
    type Value = NaiveTime;

    fn check(&self, value: &Value) -> Result<NaiveTime, Vec<String>> {
        let has_plain_form = |text: &&str| {
            let plain = |byte: u8| byte.is_ascii_digit() || byte == b':';
            !self.whole_seconds || text.trim().bytes().all(plain)
        };
        let formats = if self.whole_seconds {
            "hh:mm, hh:mm:ss"
        } else {
            "hh:mm[:ss[.uuuuuu]]"
        };
        value
            .as_str()
            .filter(has_plain_form)
            .and_then(parse_time)
            .ok_or_else(|| {
                vec![format!(
                    "Time has wrong format. Use one of these formats instead: {formats}."
                )]
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
