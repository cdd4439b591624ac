//! The audit trail: who did what to whom. Append-only, and chained by hashes, so that whoever noted a hash once can tell
//! later whether anything up to it was changed.

mod canonical;
mod chain;
mod commands;
mod entities;
mod events;
mod migrations;
mod routes;
mod verification;

use futures::FutureExt as _;
use platform::{Domain, audit::Action, domain::PersonalData, outbox::DomainEvent as _, outbox::Subscription};

pub use chain::append;
pub use events::{EventView, page};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "audit",
        settings: Vec::new(),
        routes: routes::all,
        migrations: migrations::all,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: vec![Subscription {
            event: Action::NAME,
            subscriber: "audit",
            handle: |app, event| chain::take(app, event).boxed(),
        }],
        commands: commands::all(),
        steps: Vec::new(),
        // The trail itself stays: it keeps the number of an account, which leads to nobody once that is deleted.
        personal_data: Some(PersonalData {
            export: |app, user| async move { Ok(events::of_actor(app.db().reader(), user).await?) }.boxed(),
            remove_files: |_, _| async { Ok(()) }.boxed(),
            erase: |_, _| async { Ok(()) }.boxed(),
        }),
    }
}
