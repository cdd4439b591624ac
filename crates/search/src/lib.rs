//! Search of people and posts.

use platform::Domain;

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "search",
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
