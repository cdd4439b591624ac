//! Accounts: who is who, who may sign in, who follows whom.

mod accounts;
mod avatars;
mod commands;
mod demo;
mod devices;
mod entities;
mod events;
mod follows;
mod groups;
mod handles;
mod jobs;
mod maps;
mod matching_profiles;
mod migrations;
mod pictures;
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
    outbox::{DomainEvent as _, Subscription},
    schedule::Schedule,
};

use events::AvatarReplaced;

pub use avatars::{purge as purge_avatars, remove_all as remove_avatars};
pub use demo::{DemoAccount, seed as seed_demo};
pub use events::{SessionsEnded, UserChanged, UserRegistered};
pub use sessions::find_standing;
pub use ties::{Ties, between as ties};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "identity",
        settings: vec![
            SettingsSection::of::<settings::SignInSettings>(),
            SettingsSection::of::<settings::AdminSettings>(),
        ],
        routes: routes::all,
        migrations: migrations::all,
        jobs: vec![
            JobKind::of::<jobs::PurgeSessions>(),
            JobKind::of::<jobs::PurgeAvatars>(),
            JobKind::of::<jobs::RemoveAvatar>(),
        ],
        schedules: vec![
            Schedule::of("identity.purge_sessions", "0 17 3 * * *", &jobs::PurgeSessions {}),
            Schedule::of("identity.purge_avatars", "0 41 3 * * *", &jobs::PurgeAvatars {}),
        ],
        subscriptions: vec![Subscription {
            event: AvatarReplaced::NAME,
            subscriber: "identity.remove_avatar",
            handle: |app, event| jobs::remove_replaced_avatar(app, event).boxed(),
        }],
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
