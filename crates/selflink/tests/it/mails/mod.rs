//! Mails to accounts: verifying an address, changing to another, and what becomes of mails when their server is away.

mod change;
mod delivery;
mod factors;
pub mod post;
mod verification;
