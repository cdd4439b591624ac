//! The administration: plain pages for staff below `/admin/`, on top of what the domains offer. They need no script.

mod cookies;
mod csrf;
mod form;
mod gate;
mod migrations;
mod page;
mod pages;
mod sessions;
mod settings;

use platform::{Domain, domain::SettingsSection, jobs::JobKind, schedule::Schedule};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "admin",
        settings: vec![SettingsSection::of::<settings::AdministrationSettings>()],
        routes: pages::all,
        migrations: migrations::all,
        jobs: vec![JobKind::of::<sessions::PurgeAdminSessions>()],
        schedules: vec![Schedule::of(
            "admin.purge_sessions",
            "0 53 3 * * *",
            &sessions::PurgeAdminSessions {},
        )],
        subscriptions: Vec::new(),
        commands: Vec::new(),
        steps: Vec::new(),
        // Its sessions go with the account.
        personal_data: None,
    }
}
