//! The settings of presence.

use platform::App;

platform::settings! {
    /// Who is online.
    pub struct PresenceSettings, "Presence" {
        /// Tell people who of their friends and of those they write to is online. `false`: everybody looks offline.
        enabled: bool = ["REALTIME_PRESENCE"] or "true",
        /// Seconds for which somebody without a connection still counts as online, so that a reconnection is not seen.
        grace_seconds: u32 = ["REALTIME_PRESENCE_GRACE_SECONDS"] or "10",
    }
}

/// What presence is set to, with the defaults where the section was not read.
pub fn of(app: &App) -> PresenceSettings {
    app.settings::<PresenceSettings>().map_or(
        PresenceSettings {
            enabled: true,
            grace_seconds: 10,
        },
        |settings| (*settings).clone(),
    )
}
