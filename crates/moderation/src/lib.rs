//! Moderation: reports, enforcements, appeals, banned words.

pub mod appeals;
pub mod context;
pub mod enforcements;
mod entities;
mod error;
mod events;
mod flags;
mod migrations;
pub mod moderators;
mod notices;
mod personal_data;
pub mod queue;
pub mod reports;
mod routes;
mod settings;
mod steps;
mod targets;
mod words;

use futures::FutureExt as _;
use platform::{
    Domain,
    domain::{PersonalData, SettingsSection, Step},
    jobs::JobKind,
};

pub use entities::{
    appeals::{AppealStatus, Model as Appeal},
    enforcements::{Action, Model as Enforcement},
    reports::{Model as Report, Status, Target},
};
pub use error::ModerationError;
pub use events::{AppealDecided, Enforced, Lifted};
pub use flags::flag_if_banned;
pub use moderators::Moderator;
pub use targets::Content;

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "moderation",
        settings: vec![
            SettingsSection::of::<settings::ModerationSettings>(),
            SettingsSection::plug::<flags::Posts>(),
            SettingsSection::plug::<flags::Messages>(),
        ],
        routes: routes::all,
        migrations: migrations::all,
        jobs: vec![JobKind::of::<notices::SendNotice>()],
        schedules: Vec::new(),
        subscriptions: notices::subscriptions(),
        commands: Vec::new(),
        steps: vec![
            Step {
                key: "enforce",
                run: |tx, argument| steps::enforce(tx, argument).boxed(),
            },
            Step {
                key: "lift_enforcement",
                run: |tx, argument| steps::lift(tx, argument).boxed(),
            },
        ],
        personal_data: Some(PersonalData {
            export: |app, user| {
                async move { Ok(personal_data::collect(app.db().reader(), user).await?) }.boxed()
            },
            remove_files: |_, _| async { Ok(()) }.boxed(),
            erase: |tx, user| personal_data::erase(tx, user).boxed(),
        }),
    }
}
