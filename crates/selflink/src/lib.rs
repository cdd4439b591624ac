//! The SelfLink backend: the one place that wires the domains together.

mod cli;
mod commands;
mod roles;
mod welcome;

use platform::{Domain, process::Instance};

pub use cli::run;

/// The domains of this program; those that others depend on first.
pub fn domains() -> Vec<Domain> {
    vec![
        identity::domain(),
        audit::domain(),
        media::domain(),
        social::domain(),
        feed::domain(),
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
