//! Quiet hours: when somebody wants to be left alone.

use chrono::{DateTime, Duration, NaiveTime, Timelike as _, Utc};
use chrono_tz::Tz;
use serde_json::Value;

/// How far the end of quiet hours is looked for, in minutes: two days, which no night outlasts.
const HORIZON: i64 = 2 * 24 * 60;

/// From when to when, by the clock on the wall, every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// Minutes of the day, both included; a start after the end spans midnight.
    start: u32,
    end: u32,
    zone: Tz,
}

/// Whether it is quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// It is not.
    No,
    /// Until this moment, when it is not any more.
    Until(DateTime<Utc>),
    /// All day long.
    Always,
}

impl QuietHours {
    /// Those that somebody has set: `{"start": "HH:MM", "end": "HH:MM"}`, with a `timezone` (an IANA name) or in the
    /// server's. `None` for whatever is no such object: then no hour is quiet.
    pub fn read(value: &Value, server: Tz) -> Option<Self> {
        Some(Self {
            start: minute(value.get("start")?)?,
            end: minute(value.get("end")?)?,
            zone: zone_of(value, server),
        })
    }

    /// Whether a moment is in them.
    pub fn contain(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.zone).time();
        let now = local.hour() * 60 + local.minute();
        if self.start <= self.end {
            (self.start..=self.end).contains(&now)
        } else {
            now >= self.start || now <= self.end
        }
    }

    /// Whether a moment is in them, and which is the first minute after it that is not. Asks minute by minute: what
    /// clocks that are put forward or back do to the end then needs no rules of its own.
    pub fn at(&self, now: DateTime<Utc>) -> Quiet {
        if !self.contain(now) {
            return Quiet::No;
        }
        let past =
            Duration::seconds(i64::from(now.second())) + Duration::nanoseconds(i64::from(now.nanosecond()));
        let minute = now - past;
        (1..=HORIZON)
            .map(|minutes| minute + Duration::minutes(minutes))
            .find(|later| !self.contain(*later))
            .map_or(Quiet::Always, Quiet::Until)
    }
}

/// The zone in which somebody lives, as far as they have said so.
pub fn zone_of(quiet_hours: &Value, server: Tz) -> Tz {
    let zone = quiet_hours.get("timezone").and_then(Value::as_str);
    zone.and_then(|zone| zone.trim().parse().ok()).unwrap_or(server)
}

/// `HH:MM` as a minute of the day.
fn minute(value: &Value) -> Option<u32> {
    let time = NaiveTime::parse_from_str(value.as_str()?.trim(), "%H:%M").ok()?;
    Some(time.hour() * 60 + time.minute())
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn quiet(start: &str, end: &str, zone: &str) -> QuietHours {
        let value = json!({ "start": start, "end": end, "timezone": zone });
        QuietHours::read(&value, Tz::UTC).expect("is valid")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn both_ends_are_quiet_to_the_minute() {
        let day = quiet("13:00", "14:30", "UTC");
        for (time, expected) in [
            ("12:59:59", Quiet::No),
            ("13:00:00", Quiet::Until(at("2026-05-01T14:31:00Z"))),
            ("14:30:59.999", Quiet::Until(at("2026-05-01T14:31:00Z"))),
            ("14:31:00", Quiet::No),
        ] {
            assert_eq!(day.at(at(&format!("2026-05-01T{time}Z"))), expected, "{time}");
        }
    }

    #[test]
    fn nights_span_midnight() {
        let night = quiet("22:00", "07:00", "UTC");
        let morning = Quiet::Until(at("2026-05-02T07:01:00Z"));
        for (time, expected) in [
            ("2026-05-01T21:59:59Z", Quiet::No),
            ("2026-05-01T22:00:00Z", morning),
            ("2026-05-02T00:00:00Z", morning),
            ("2026-05-02T07:00:59Z", morning),
            ("2026-05-02T07:01:00Z", Quiet::No),
        ] {
            assert_eq!(night.at(at(time)), expected, "{time}");
        }
    }

    #[test]
    fn the_zone_is_the_persons_else_the_servers() {
        let hours = json!({ "start": "22:00", "end": "23:00" });
        let now = at("2026-05-01T18:30:00Z");
        let of = |value: &Value, server| QuietHours::read(value, server).expect("is valid");
        assert!(!of(&hours, Tz::UTC).contain(now));
        assert!(of(&hours, Tz::Asia__Tbilisi).contain(now));
        let mut own = hours.clone();
        own["timezone"] = json!("Asia/Tbilisi");
        assert!(of(&own, Tz::UTC).contain(now));
        own["timezone"] = json!("Nowhere/Land");
        assert!(!of(&own, Tz::UTC).contain(now));
    }

    #[test]
    fn clocks_that_are_put_forward_or_back() {
        // In Berlin 02:00 to 03:00 is missing on 2026-03-29, and comes twice on 2026-10-25.
        let night = quiet("22:00", "02:30", "Europe/Berlin");
        assert_eq!(
            night.at(at("2026-03-29T00:59:00Z")),
            Quiet::Until(at("2026-03-29T01:00:00Z")),
            "the end is skipped: three o'clock is after it"
        );
        assert_eq!(
            night.at(at("2026-10-25T00:00:00Z")),
            Quiet::Until(at("2026-10-25T00:31:00Z")),
            "the first of two ends"
        );
        assert_eq!(night.at(at("2026-10-25T00:45:00Z")), Quiet::No);
        assert_eq!(
            night.at(at("2026-10-25T01:10:00Z")),
            Quiet::Until(at("2026-10-25T01:31:00Z")),
            "and the second"
        );
        let long = quiet("22:00", "07:00", "Europe/Berlin");
        let end = |now: &str| match long.at(at(now)) {
            Quiet::Until(end) => end - at(now),
            other => panic!("{other:?}"),
        };
        assert_eq!(end("2026-03-28T22:00:00Z"), Duration::minutes(7 * 60 + 1));
        assert_eq!(end("2026-10-24T21:00:00Z"), Duration::minutes(9 * 60 + 1));
    }

    #[test]
    fn a_day_that_is_quiet_all_along_has_no_end() {
        assert_eq!(
            quiet("00:00", "23:59", "UTC").at(at("2026-05-01T00:00:00Z")),
            Quiet::Always
        );
        assert_eq!(
            quiet("12:00", "11:59", "UTC").at(at("2026-05-01T00:00:00Z")),
            Quiet::Always
        );
    }

    #[test]
    fn what_makes_no_sense_is_not_quiet() {
        for value in [
            json!({}),
            json!(null),
            json!([1, 2]),
            json!("22-07"),
            json!(7),
            json!({ "start": "late", "end": "early" }),
            json!({ "start": "22:00" }),
            json!({ "start": 5, "end": 6 }),
            json!({ "start": "22:00:00", "end": "7" }),
            json!({ "start": "24:00", "end": "07:00" }),
            json!({ "start": null, "end": "07:00" }),
        ] {
            assert_eq!(QuietHours::read(&value, Tz::UTC), None, "{value}");
        }
    }

    fn any_zone() -> impl Strategy<Value = Tz> {
        proptest::sample::select(chrono_tz::TZ_VARIANTS.to_vec())
    }

    proptest! {
        #[test]
        fn the_end_is_the_first_minute_that_is_not_quiet(
            start in 0u32..1440, end in 0u32..1440, zone in any_zone(), seconds in 1_577_836_800i64..2_208_988_800,
        ) {
            let hours = QuietHours { start, end, zone };
            let now = Utc.timestamp_opt(seconds, 0).single().expect("a time");
            match hours.at(now) {
                Quiet::No => prop_assert!(!hours.contain(now)),
                Quiet::Always => prop_assert_eq!((end + 1) % 1440, start),
                Quiet::Until(until) => {
                    prop_assert!(hours.contain(now) && !hours.contain(until) && until > now);
                    prop_assert!(hours.contain(until - Duration::seconds(1)));
                    // A night takes a day at most; a change of clocks adds a few hours, of a date line a day.
                    prop_assert!(until - now <= Duration::hours(49));
                }
            }
        }

        #[test]
        fn in_utc_a_day_is_divided_as_the_two_times_say(start in 0u32..1440, end in 0u32..1440, minute in 0i64..1440) {
            let hours = QuietHours { start, end, zone: Tz::UTC };
            let quiet = (0..1440).filter(|minute| {
                hours.contain(at("2026-05-01T00:00:00Z") + Duration::minutes(*minute))
            }).count();
            let expected = (i64::from(end) - i64::from(start)).rem_euclid(1440) + 1;
            prop_assert_eq!(i64::try_from(quiet).expect("fits"), expected);
            let now = at("2026-05-01T00:00:00Z") + Duration::minutes(minute);
            prop_assert_eq!(hours.at(now) == Quiet::No, !hours.contain(now));
        }

        #[test]
        fn nothing_that_a_client_can_store_panics(text: String, zone: String, start in "[0-9]{1,2}:[0-9]{1,2}") {
            for value in [json!(text), json!({ "start": text, "end": start, "timezone": zone })] {
                if let Some(hours) = QuietHours::read(&value, Tz::UTC) {
                    let _ = hours.at(at("2026-05-01T00:00:00Z"));
                }
            }
        }
    }
}
