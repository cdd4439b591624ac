//! What people are told at once: the WebSocket gateway, and the way to it for the other domains.

mod admission;
mod allowance;
mod channels;
mod closing;
mod connection;
mod fan_out;
mod frames;
mod gateway;
mod hub;
mod log;
mod notices;
mod queue;
mod routes;
mod settings;
mod upkeep;

use platform::{Domain, domain::SettingsSection};

pub use channels::user_channel;
pub use gateway::{changes, connected, is_connected};
pub use hub::Change;
pub use notices::{Notice, publish, publish_passing};
pub use settings::address;

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "realtime",
        settings: vec![
            SettingsSection::of::<settings::RealtimeSettings>(),
            SettingsSection::plug::<gateway::Gateway>(),
        ],
        routes: routes::all,
        migrations: Vec::new,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: upkeep::subscriptions(),
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    }
}
