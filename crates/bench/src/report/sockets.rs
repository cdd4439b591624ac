//! What is said of the WebSocket gateway besides requests and latencies.

use serde::Serialize;

use super::{Latency, float};

/// What a scenario of the gateway has shown.
#[derive(Debug, Serialize)]
pub struct Sockets {
    /// WebSocket connections open while it was measured.
    pub connections: u64,
    /// What one "request" of the table is.
    pub counted: &'static str,
    /// By how much the gateways' resident memory grew for each connection, where that was measured.
    pub memory_per_connection_bytes: Option<f64>,
    /// Messages sent a second, over all rounds, where one message is more than one delivery.
    pub messages_per_second: Option<f64>,
    /// The same work at half the rate, where that was measured.
    pub half_rate: Option<HalfRate>,
}

/// Messages sent at fixed times, whether or not the server keeps up: what waits for its turn is waited for.
#[derive(Debug, Serialize)]
pub struct HalfRate {
    /// Messages that were due a second.
    pub asked_per_second: f64,
    /// Messages that arrived a second.
    pub arrived_per_second: f64,
    /// From the moment that a message was due to its arrival.
    pub latency_micros: Latency,
}

impl Sockets {
    /// The line below the table's row.
    pub fn note(&self) -> String {
        let mut notes = vec![format!("{} sockets, counted: {}", self.connections, self.counted)];
        notes.extend(
            self.memory_per_connection_bytes
                .map(|bytes| format!("{:.1} kB of server memory for each connection", bytes / 1024.0)),
        );
        notes.extend(
            self.messages_per_second
                .map(|rate| format!("{rate:.1} messages/s")),
        );
        notes.extend(self.half_rate.as_ref().map(|half| {
            let Latency { p50, p99, p999, .. } = half.latency_micros;
            format!(
                "at {:.0} messages/s, sent on time: {:.0}/s arrive, p50 {p50} µs, p99 {p99} µs, p99.9 {p999} µs",
                half.asked_per_second, half.arrived_per_second
            )
        }));
        notes.join("; ")
    }
}

/// Bytes for each of so many.
pub fn per(bytes: u64, count: u64) -> f64 {
    float(bytes) / float(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_measured_is_said() {
        let mut sockets = Sockets {
            connections: 20,
            counted: "connections opened",
            memory_per_connection_bytes: Some(10_240.0),
            messages_per_second: None,
            half_rate: None,
        };
        assert_eq!(
            sockets.note(),
            "20 sockets, counted: connections opened; 10.0 kB of server memory for each connection"
        );
        sockets.memory_per_connection_bytes = None;
        sockets.half_rate = Some(HalfRate {
            asked_per_second: 50.0,
            arrived_per_second: 49.6,
            latency_micros: Latency {
                p50: 1,
                p99: 2,
                p999: 3,
                max: 4,
            },
        });
        assert!(
            sockets
                .note()
                .ends_with("; at 50 messages/s, sent on time: 50/s arrive, p50 1 µs, p99 2 µs, p99.9 3 µs")
        );
    }
}
