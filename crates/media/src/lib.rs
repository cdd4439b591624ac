//! Files: uploads, pictures and videos, their renditions, and the records that clients keep of media.

mod migrations;

use platform::Domain;

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "media",
        settings: Vec::new(),
        routes: Vec::new,
        migrations: migrations::all,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: Vec::new(),
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    }
}
