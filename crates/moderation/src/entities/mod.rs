//! One file per table.

pub mod appeals;
pub mod enforcements;
pub mod reports;
