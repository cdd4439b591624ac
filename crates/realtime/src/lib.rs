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
mod migrations;
mod notices;
mod page;
mod presence;
mod queue;
mod routes;
mod settings;
mod upkeep;

use futures::FutureExt as _;
use platform::{
    Domain,
    domain::{PersonalData, SettingsSection},
};

pub use channels::user_channel;
pub use gateway::{changes, connected, is_connected};
pub use hub::Change;
pub use notices::{Notice, publish, publish_passing};
pub use page::page;
pub use presence::{Companions, FindMates, Mates};
pub use settings::address;

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "realtime",
        settings: vec![
            SettingsSection::of::<settings::RealtimeSettings>(),
            SettingsSection::of::<presence::PresenceSettings>(),
            SettingsSection::plug::<gateway::Gateway>(),
            SettingsSection::plug::<presence::Presence>(),
        ],
        routes: routes::all,
        migrations: migrations::all,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: upkeep::subscriptions(),
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: Some(PersonalData {
            export: |app, user| async move { Ok(presence::export(app.db().reader(), user).await?) }.boxed(),
            remove_files: |_, _| async { Ok(()) }.boxed(),
            // Its row goes with the account.
            erase: |_, _| async { Ok(()) }.boxed(),
        }),
    }
}
