//! Events and schedules, with a domain that only tests have.

mod domain;
mod outbox;
mod schedules;
