//! One file per table.

pub mod sessions;
pub mod user_settings;
pub mod users;
