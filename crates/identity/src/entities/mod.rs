//! One file per table.

pub mod one_time_tokens;
pub mod sessions;
pub mod user_pii;
pub mod user_settings;
pub mod users;
