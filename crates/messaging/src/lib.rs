//! Messaging: threads, messages, receipts, reactions, typing.

mod events;

use platform::Domain;

pub use events::{MessageDeleted, MessageEdited, MessageSent};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "messaging",
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
