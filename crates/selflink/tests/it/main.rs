//! Integration tests: a real instance, spoken to over HTTP, on SQLite or on PostgreSQL and Redis (`TEST_DATABASE`).

mod accounts;
mod database;
mod hostile;
mod kill;
mod pooler;
mod program;
mod shutdown;
mod support;
