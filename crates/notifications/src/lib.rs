//! Notifications: what people are told of, and by which way.

use platform::Domain;

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "notifications",
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
