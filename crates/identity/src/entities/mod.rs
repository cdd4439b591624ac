//! One file per table.

pub mod account_exports;
pub mod one_time_tokens;
pub mod sessions;
pub mod social_accounts;
pub mod user_pii;
pub mod user_settings;
pub mod users;
