//! The directory, profiles, and who sees what.

pub mod crowd;
mod directory;
mod matrix;
mod ordering;
mod paging;
mod privacy;
mod profile;
pub mod statements;
