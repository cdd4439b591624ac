//! Commands of the instance as a whole; those of one domain live in its crate.

mod apply;
pub mod config;
mod fixtures;
mod jobs;
mod storage;

use clap::{ArgMatches, Command};
use platform::process::Process;

/// All of them, but those that the command line treats apart.
pub fn all() -> Vec<Command> {
    vec![
        apply::command(),
        fixtures::command(),
        jobs::command(),
        storage::status_command(),
        storage::check_command(),
        storage::check_path_command(),
    ]
}

pub async fn run(name: &str, process: &Process, arguments: &ArgMatches) -> anyhow::Result<()> {
    let app = &process.app;
    match name {
        "apply" => apply::run(process, arguments).await,
        "load-fixtures" => fixtures::run(app, arguments).await,
        "jobs" => jobs::run(app, arguments).await,
        "storage-status" => storage::status(app).await,
        "check-media" | "check-media-path" => storage::check(app, arguments).await,
        // `migrate`: the start has done it.
        _ => {
            println!(
                "The database has the schema of this program; ids are {}.",
                app.db().ids().layout()
            );
            Ok(())
        }
    }
}

/// What a failed command prints on stderr.
pub fn describe(error: &anyhow::Error) -> String {
    match error.downcast_ref::<apply::Refused>() {
        Some(refused) => refused.to_string(),
        None => format!("CommandError: {error:#}"),
    }
}
