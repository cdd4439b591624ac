//! The settings of the gateway.

use std::time::Duration;

use platform::{
    App,
    config::{Environment, Secret, Section as _, Setting, Within},
    limits::Rate,
};

platform::settings! {
    /// The realtime gateway.
    pub struct RealtimeSettings, "Realtime gateway" {
        /// Address that the role `realtime` listens on when `--bind` does not say.
        host: String = ["REALTIME_HOST"] or "0.0.0.0",
        /// Port that the role `realtime` listens on when `--bind` does not say.
        port: u16 = ["REALTIME_PORT"] or "8002",
        /// Bearer token of `POST /internal/publish`. Blank: the endpoint lets nobody in.
        publish_token: Option<Secret> = ["REALTIME_PUBLISH_TOKEN"] or "",
        /// Most calls of `POST /internal/publish` per client address, such as `60/min` (units s, m, h). Blank or unreadable: no limit.
        publish_rate: PublishRate = ["REALTIME_PUBLISH_RATE_LIMIT"] or "",
        /// Close connections when the access token they were opened with runs out. Existing clients expect them to stay open; the end of the session closes them at once in any case.
        close_expired: bool = ["REALTIME_CLOSE_EXPIRED"] or "false",
        /// Connections that one process holds; more are refused with 503.
        max_connections: Within<1, 10_000_000> = ["REALTIME_MAX_CONNECTIONS"] or "50000",
        /// Connections of one account in one process; one more closes the oldest.
        sockets_per_user: Within<1, 1_000> = ["REALTIME_SOCKETS_PER_USER"] or "20",
        /// How often one account may connect to one process. Blank: no limit.
        connect_rate: Option<Rate> = ["REALTIME_CONNECT_RATE"] or "240/min",
        /// How many frames a connection may send; more close it. Blank: no limit.
        frame_rate: Option<Rate> = ["REALTIME_FRAME_RATE"] or "240/min",
        /// Frames that may wait for a connection that reads slowly; more close it.
        queue_frames: Within<16, 100_000> = ["REALTIME_QUEUE_FRAMES"] or "2048",
        /// Events per account that a client which reconnects can have repeated.
        log_events: Within<1, 100_000> = ["REALTIME_LOG_EVENTS"] or "1000",
        /// Hours for which they are kept, and for which they are collected for an account that is not connected.
        log_hours: Within<1, 720> = ["REALTIME_LOG_HOURS"] or "24",
    }
}

impl Default for RealtimeSettings {
    fn default() -> Self {
        Self {
            host: "0.0.0.0".to_owned(),
            port: 8002,
            publish_token: None,
            publish_rate: PublishRate(None),
            close_expired: false,
            max_connections: Within(50_000),
            sockets_per_user: Within(20),
            connect_rate: Some(per_minute(240)),
            frame_rate: Some(per_minute(240)),
            queue_frames: Within(2048),
            log_events: Within(1000),
            log_hours: Within(24),
        }
    }
}

const fn per_minute(count: u32) -> Rate {
    Rate {
        count,
        period: Duration::from_mins(1),
    }
}

impl RealtimeSettings {
    /// How long events are kept.
    pub fn log_lifetime(&self) -> Duration {
        Duration::from_hours(u64::from(self.log_hours.0))
    }
}

/// The limit of the publishing endpoint; what cannot be read means none, as operators of older gateways rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishRate(pub Option<(i64, i64)>);

impl Setting for PublishRate {
    const KIND: &'static str = "rate such as 60/min (blank: no limit)";
    const BLANK_IS_VALUE: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(times_and_seconds(text)))
    }
}

fn times_and_seconds(text: &str) -> Option<(i64, i64)> {
    let (times, unit) = text.split_once('/')?;
    let times = times.trim().parse().ok().filter(|times| *times > 0)?;
    let seconds = match unit.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        _ => return None,
    };
    Some((times, seconds))
}

/// What the gateway is set to, with the defaults where the section was not read.
pub fn of(app: &App) -> RealtimeSettings {
    app.settings::<RealtimeSettings>()
        .map_or_else(RealtimeSettings::default, |settings| (*settings).clone())
}

/// Where the role `realtime` listens when the command line does not say: `host:port`.
pub fn address(environment: &Environment) -> String {
    let settings = RealtimeSettings::read(environment, &mut Vec::new()).unwrap_or_default();
    format!("{}:{}", settings.host, settings.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_that_are_documented() {
        let mut problems = Vec::new();
        let read = RealtimeSettings::read(&Environment::default(), &mut problems).expect("is valid");
        assert_eq!(format!("{read:?}"), format!("{:?}", RealtimeSettings::default()));
        assert!(problems.is_empty());
    }

    #[test]
    fn rates_of_publishing() {
        let rate = |text| PublishRate::parse(text).expect("never fails").0;
        assert_eq!(rate("5/min"), Some((5, 60)));
        assert_eq!(rate(" 7 / Seconds "), Some((7, 1)));
        assert_eq!(rate("1/h"), Some((1, 3600)));
        for none in ["", "5", "0/min", "-1/s", "5/day", "x/s", "/s", "5/mins"] {
            assert_eq!(rate(none), None, "{none:?}");
        }
    }
}
