//! One file per table.

pub mod audit_events;
pub mod audit_head;
