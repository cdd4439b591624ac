//! Accounts: who is who, who may sign in, who follows whom.

mod accounts;
mod addresses;
mod attempts;
mod commands;
mod demo;
mod entities;
mod events;
mod follows;
mod groups;
mod handles;
mod jobs;
mod letters;
mod mail_limits;
mod mails;
mod migrations;
mod one_time_tokens;
mod passwords;
mod privacy;
mod routes;
mod sessions;
mod settings;
mod steps;
mod ties;
mod users;

use futures::FutureExt as _;
use platform::{
    Domain,
    domain::{SettingsSection, Step},
    jobs::JobKind,
    schedule::Schedule,
};

pub use demo::{DemoAccount, seed as seed_demo};
pub use events::{PasswordChanged, SessionsEnded, UserChanged, UserRegistered};
pub use sessions::find_standing;
pub use ties::{Ties, between as ties};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "identity",
        settings: vec![
            SettingsSection::of::<settings::SignInSettings>(),
            SettingsSection::of::<settings::AccountMailSettings>(),
            SettingsSection::of::<settings::AdminSettings>(),
        ],
        routes: routes::all,
        migrations: migrations::all,
        jobs: vec![
            JobKind::of::<jobs::PurgeSessions>(),
            JobKind::of::<letters::SendLetter>(),
        ],
        schedules: vec![Schedule::of(
            "identity.purge_sessions",
            "0 17 3 * * *",
            &jobs::PurgeSessions {},
        )],
        subscriptions: letters::subscriptions(),
        commands: commands::all(),
        steps: vec![
            Step {
                key: "user",
                run: |tx, argument| steps::change_user(tx, argument).boxed(),
            },
            Step {
                key: "deactivate",
                run: |tx, argument| steps::deactivate(tx, argument).boxed(),
            },
        ],
    }
}
