//! The formats of SelfLink's contributor rewards, so that anyone can check them: no database, no network, no clock.
//!
//! # What is published
//!
//! Two things, each a plain file format that other tools can read.
//!
//! **The log** holds every reward event, every merge that waits for its author, and every closed month as one entry each, in
//! the order in which they were made. It is a Merkle tree of [RFC 6962] ([`tree`], [`proof`]) whose root is signed
//! ([`checkpoint`], [`note`]) and whose hashes and entries are served as tiles ([`tile`]). Entries are canonical JSON
//! ([`entry`]). Under one prefix:
//!
//! | file | what |
//! | --- | --- |
//! | `checkpoint` | size and root, signed by the log and, where there are witnesses, by them |
//! | `key` | the log's verifier key |
//! | `tile/<L>/<N>[.p/<W>]` | up to 256 hashes of the tree's level 8 × L |
//! | `tile/entries/<N>[.p/<W>]` | up to 256 entries, each behind its length as big-endian u16 |
//!
//! **A month** is its statement in the log ([`entry::Statement`]) and two files: the ledger file with its events
//! ([`ledger_file`]) and the allocations, who gets how much ([`allocation`]). Both are named in the statement by their hashes.
//! For the operator's folders there are manifests ([`manifest`]) and the payout file ([`payout`]).
//!
//! **A receipt** ([`receipt`]) is one entry with its proof and the checkpoint: whoever keeps it can show later, without asking
//! anyone, that the entry was in the log.
//!
//! # How money is divided
//!
//! [`allocation::pool_cents`] and [`allocation::allocate`]: integers only, largest remainder, ties to the lowest contributor
//! id. Points come from versioned rules ([`ruleset`]).
//!
//! [RFC 6962]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1

#![warn(missing_docs)]

pub mod allocation;
pub mod canonical;
pub mod checkpoint;
mod csv;
pub mod entry;
mod hash;
mod ids;
pub mod ledger_file;
pub mod manifest;
pub mod multiset;
pub mod note;
pub mod payout;
pub mod proof;
pub mod receipt;
pub mod ruleset;
pub mod tile;
mod time;
pub mod tree;

pub use csv::{CsvError, MAX_RECORD};
pub use hash::{Hash, Sha256};
pub use ids::{ContributorId, EventId, EventType, ParseError};
pub use time::{Period, Timestamp, Zone};
