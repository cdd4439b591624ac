//! Commands of the instance as a whole; those of one domain live in its crate.

mod apply;
pub mod config;
pub mod demo;
mod fixtures;
mod jobs;
mod storage;

use clap::{ArgMatches, Command};
use futures::{FutureExt as _, future::BoxFuture};
use platform::{domain::Trace, process::Process};

/// A command that needs more of the process than those of domains do.
pub struct InstanceCommand {
    /// Its name and options.
    pub command: Command,
    /// What a call leaves in the audit trail.
    pub trace: Trace,
    /// What it does.
    pub run: for<'a> fn(&'a Process, &'a ArgMatches) -> BoxFuture<'a, anyhow::Result<()>>,
}

/// All of them, but those that run without a database.
pub fn all() -> Vec<InstanceCommand> {
    vec![
        InstanceCommand {
            command: Command::new("migrate").about("Brings the database to the schema of this program"),
            trace: Trace::Call,
            run: |process, _| {
                // The start of the process has done it.
                let layout = process.app.db().ids().layout();
                println!("The database has the schema of this program; ids are {layout}.");
                futures::future::ready(Ok(())).boxed()
            },
        },
        InstanceCommand {
            command: apply::command(),
            trace: Trace::Own,
            run: |process, arguments| apply::run(process, arguments).boxed(),
        },
        InstanceCommand {
            command: demo::command(),
            trace: Trace::Call,
            run: |process, arguments| demo::run(&process.app, arguments).boxed(),
        },
        InstanceCommand {
            command: fixtures::command(),
            trace: Trace::Call,
            run: |process, arguments| fixtures::run(&process.app, arguments).boxed(),
        },
        InstanceCommand {
            command: jobs::command(),
            trace: Trace::CallWith("retry"),
            run: |process, arguments| jobs::run(&process.app, arguments).boxed(),
        },
        InstanceCommand {
            command: storage::status_command(),
            trace: Trace::Nothing,
            run: |process, _| storage::status(&process.app).boxed(),
        },
        InstanceCommand {
            command: storage::check_command(),
            trace: Trace::Nothing,
            run: |process, arguments| storage::check(&process.app, arguments).boxed(),
        },
        InstanceCommand {
            command: storage::check_path_command(),
            trace: Trace::Nothing,
            run: |process, arguments| storage::check(&process.app, arguments).boxed(),
        },
    ]
}

/// What a failed command prints on stderr.
pub fn describe(error: &anyhow::Error) -> String {
    match error.downcast_ref::<apply::Refused>() {
        Some(refused) => refused.to_string(),
        None => format!("CommandError: {error:#}"),
    }
}
