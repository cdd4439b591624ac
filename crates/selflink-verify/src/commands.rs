//! One file per subcommand.

pub mod diff;
pub mod log;
pub mod month;
pub mod receipt;
