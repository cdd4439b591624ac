//! Integration tests: a real instance, spoken to over HTTP, on SQLite or on PostgreSQL and Redis (`TEST_DATABASE`).

mod accounts;
mod cli;
mod commands;
mod conventions;
mod events;
mod follows;
mod hostile;
mod ids;
mod kill;
mod media;
mod outbox;
mod permissions;
mod pooler;
mod program;
mod second_factor;
mod shutdown;
mod support;
mod throttles;
mod users;
