//! One file per table.

pub mod avatars;
pub mod devices;
pub mod matching_profiles;
pub mod personal_maps;
pub mod sessions;
pub mod user_pii;
pub mod user_settings;
pub mod users;
