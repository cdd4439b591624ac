//! The settings of presence.

platform::settings! {
    /// Who is online.
    pub struct PresenceSettings, "Presence" {
        /// Tell people who of their friends and of those they write to is online. `false`: everybody looks offline.
        enabled: bool = ["REALTIME_PRESENCE"] or "true",
    }
}
