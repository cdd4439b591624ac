//! How values look in answers.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, NaiveTime, Timelike as _, Utc};
use serde::{Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, SchemaFormat, Type};

/// A moment: `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`, the fraction absent exactly when it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub DateTime<Utc>);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (date, time) = (self.0.date_naive(), self.0.time());
        let Some(year) = u32::try_from(date.year()).ok().filter(|year| *year <= 9999) else {
            return serializer.collect_str(&self.0.format("%Y-%m-%dT%H:%M:%S%.6fZ"));
        };
        // Digit by digit: lists hold dozens of these, and chrono's own formatting was a tenth of their cost.
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        write_digits(&mut text[0..4], year);
        write_digits(&mut text[5..7], date.month());
        write_digits(&mut text[8..10], date.day());
        write_digits(&mut text[11..13], time.hour());
        write_digits(&mut text[14..16], time.minute());
        write_digits(&mut text[17..19], time.second());
        let micros = self.0.timestamp_subsec_micros();
        write_digits(&mut text[20..26], micros);
        let text = if micros == 0 {
            text[19] = b'Z';
            &text[..20]
        } else {
            &text[..]
        };
        serializer.serialize_str(std::str::from_utf8(text).map_err(serde::ser::Error::custom)?)
    }
}

/// Fills `place` with the last digits of `number`.
fn write_digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        text_of_format("date-time")
    }
}

impl utoipa::ToSchema for Timestamp {}

fn text_of_format(format: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom(format.to_owned())))
        .into()
}

/// A time of day: `HH:MM:SS[.ffffff]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay(pub NaiveTime);

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = self.0.format("%H:%M:%S").to_string();
        let micros = self.0.nanosecond() / 1000;
        if micros != 0 {
            let _ = write!(text, ".{micros:06}");
        }
        serializer.serialize_str(&text)
    }
}

impl utoipa::PartialSchema for TimeOfDay {
    fn schema() -> RefOr<Schema> {
        text_of_format("time")
    }
}

impl utoipa::ToSchema for TimeOfDay {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_six_digits_or_absent() {
        let at = |micros| {
            serde_json::to_string(&Timestamp(
                DateTime::from_timestamp_micros(micros).expect("a time"),
            ))
            .expect("is JSON")
        };
        assert_eq!(at(1_700_000_000_000_000), "\"2023-11-14T22:13:20Z\"");
        assert_eq!(at(1_700_000_000_500_000), "\"2023-11-14T22:13:20.500000Z\"");
        let time = |micros| {
            serde_json::to_string(&TimeOfDay(
                NaiveTime::from_hms_micro_opt(4, 5, 6, micros).expect("a time"),
            ))
            .expect("is JSON")
        };
        assert_eq!(
            (time(0).as_str(), time(120).as_str()),
            ("\"04:05:06\"", "\"04:05:06.000120\"")
        );
    }
}
