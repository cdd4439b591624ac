//! The tables of this domain.

pub mod assets;
pub mod files;
pub mod uploads;
