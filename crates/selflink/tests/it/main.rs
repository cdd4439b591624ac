//! Integration tests: a real instance, spoken to over HTTP, on SQLite or on PostgreSQL and Redis (`TEST_DATABASE`).

mod accounts;
mod audit;
mod cli;
mod commands;
mod conventions;
mod events;
mod follows;
mod hostile;
mod ids;
mod kill;
mod leaving;
mod mails;
mod media;
mod outbox;
mod passwords;
mod permissions;
mod pooler;
mod program;
mod sessions;
mod shutdown;
mod social;
mod support;
mod throttles;
mod ties;
mod users;
