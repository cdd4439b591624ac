//! Accounts: who is who, who may sign in, who follows whom.

mod accounts;
mod commands;
mod demo;
mod entities;
mod events;
mod follows;
mod groups;
mod handles;
mod jobs;
mod migrations;
mod privacy;
mod reauthentication;
mod routes;
mod second_factor;
mod sessions;
mod settings;
mod sign_in;
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
pub use events::{FactorChange, SecondFactorChanged, SessionsEnded, UserChanged, UserRegistered};
pub use sessions::find_standing;
pub use ties::{Ties, between as ties};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "identity",
        settings: vec![
            SettingsSection::of::<settings::SignInSettings>(),
            SettingsSection::of::<settings::AdminSettings>(),
            SettingsSection::of::<second_factor::RelyingParty>(),
            SettingsSection::of::<settings::SecondFactorSettings>(),
        ],
        routes: routes::all,
        migrations: migrations::all,
        jobs: vec![
            JobKind::of::<jobs::PurgeSessions>(),
            JobKind::of::<jobs::PurgeChallenges>(),
        ],
        schedules: vec![
            Schedule::of("identity.purge_sessions", "0 17 3 * * *", &jobs::PurgeSessions {}),
            Schedule::of(
                "identity.purge_challenges",
                "0 41 * * * *",
                &jobs::PurgeChallenges {},
            ),
        ],
        subscriptions: Vec::new(),
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
            Step {
                key: "reset_second_factor",
                run: |tx, argument| steps::reset_second_factor(tx, argument).boxed(),
            },
        ],
    }
}
