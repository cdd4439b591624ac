//! The SelfLink backend: the one place that wires the domains together.

mod cli;
mod commands;
mod roles;
mod welcome;

use std::sync::Arc;

use platform::{Domain, process::Instance};

pub use cli::run;

/// The insight cards of the feeds: nobody makes any yet, so that feeds show their placeholders.
struct Cards;

impl feed::CardSet for Cards {
    fn all() -> Vec<Arc<dyn feed::InsightCards>> {
        Vec::new()
    }
}

/// The domains of this program; those that others depend on first.
pub fn domains() -> Vec<Domain> {
    vec![
        identity::domain(),
        audit::domain(),
        media::domain(),
        realtime::domain(),
        social::domain(),
        feed::domain::<Cards>(),
        messaging::domain(),
        search::domain(),
        notifications::domain(),
        moderation::domain(),
        admin::domain(),
    ]
}

/// The program as it is shipped.
pub fn instance() -> Instance {
    Instance {
        domains: domains(),
        find_standing: identity::find_standing,
    }
}
