//! One file per table.

pub mod authenticators;
pub mod challenges;
pub mod passkeys;
pub mod sessions;
pub mod user_pii;
pub mod user_settings;
pub mod users;
