//! A time zone in the settings.

use chrono_tz::Tz;

use super::Setting;

/// A time zone by its IANA name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(pub Tz);

impl Setting for TimeZone {
    const KIND: &'static str = "time zone";

    fn parse(text: &str) -> Result<Self, String> {
        // POSIX allows a colon before the name.
        let name = text.strip_prefix(':').unwrap_or(text);
        name.parse()
            .map(Self)
            .map_err(|_| format!("must name a time zone such as Europe/Berlin; got {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_names() {
        for (text, zone) in [
            ("Europe/Berlin", Tz::Europe__Berlin),
            (":Asia/Tbilisi", Tz::Asia__Tbilisi),
            ("UTC", Tz::UTC),
        ] {
            assert_eq!(TimeZone::parse(text), Ok(TimeZone(zone)), "{text}");
        }
        assert!(TimeZone::parse("Nowhere/Land").is_err());
    }
}
