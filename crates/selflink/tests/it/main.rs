//! Integration tests: a real instance, spoken to over HTTP, on SQLite or on PostgreSQL and Redis (`TEST_DATABASE`).

mod accounts;
mod commands;
mod conventions;
mod events;
mod follows;
mod hostile;
mod ids;
mod kill;
mod media;
mod permissions;
<<<<<<< HEAD
mod pooler;
mod program;
mod shutdown;
=======
mod program;
>>>>>>> tests-a
mod support;
mod throttles;
mod users;
