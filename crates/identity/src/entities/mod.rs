//! One file per table.

pub mod account_exports;
pub mod authenticators;
pub mod avatars;
pub mod challenges;
pub mod devices;
pub mod matching_profiles;
pub mod one_time_tokens;
pub mod passkeys;
pub mod personal_maps;
pub mod sessions;
pub mod social_accounts;
pub mod user_pii;
pub mod user_settings;
pub mod users;
