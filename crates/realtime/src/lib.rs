//! What people are told at once: the WebSocket gateway, and the way to it for the other domains.

mod notices;

use platform::Domain;

pub use notices::{Notice, publish, publish_passing, user_channel};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "realtime",
        settings: Vec::new(),
        routes: Vec::new,
        migrations: Vec::new,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: Vec::new(),
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    }
}
