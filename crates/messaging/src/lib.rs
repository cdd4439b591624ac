//! Messaging: threads, messages, receipts, reactions, typing.
//!
//! Whoever writes into a thread holds its row first, see `held`: ids, times and commits of a thread's messages are in the same
//! order, and its counters are right at any time. What happens is told to the members by `realtime`, see `publishing`.

mod access;
mod admission;
mod attachments;
mod commands;
mod companions;
mod counters;
mod demo;
mod errors;
mod events;
mod held;
mod inbox;
mod leaving;
mod messages;
mod migrations;
mod moderation;
mod personal_data;
mod publishing;
mod reactions;
mod receipts;
mod routes;
mod screening;
mod settings;
mod sql;
mod sync;
mod threads;
mod typing;
mod views;

use futures::FutureExt as _;
use platform::{
    Domain,
    domain::{PersonalData, SettingsSection},
    outbox::{DomainEvent as _, Subscription},
};

use events::NoticesWaiting;

pub use access::{is_member, recipients};
pub use demo::seed as seed_demo;
pub use events::{MessageDeleted, MessageEdited, MessageSent};
pub use moderation::{MessageContent, content, remove_message, restore_message};
pub use screening::{Look, Screen, Written};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "messaging",
        settings: vec![
            SettingsSection::of::<settings::MessagingSettings>(),
            SettingsSection::plug::<companions::Correspondents>(),
        ],
        routes: routes::all,
        migrations: migrations::all,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: vec![
            Subscription {
                event: MessageSent::NAME,
                subscriber: "messaging.publishing",
                handle: |app, event| publishing::message_sent(app, event).boxed(),
            },
            Subscription {
                event: NoticesWaiting::NAME,
                subscriber: "messaging.publishing",
                handle: |app, event| publishing::notices_waiting(app, event).boxed(),
            },
        ],
        commands: commands::all(),
        steps: Vec::new(),
        personal_data: Some(PersonalData {
            export: |app, user| {
                async move { Ok(personal_data::export(app.db().reader(), user).await?) }.boxed()
            },
            remove_files: |app, user| async move { Ok(personal_data::withdraw(&app, user).await?) }.boxed(),
            erase: |tx, user| personal_data::erase(tx, user).boxed(),
        }),
    }
}
