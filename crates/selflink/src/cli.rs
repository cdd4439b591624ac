//! The command line: roles, commands of the instance, management commands of the domains.

use std::{ffi::OsString, process::ExitCode};

use anyhow::Context as _;
use clap::{Arg, ArgAction, ArgMatches, Command};
use platform::{
    App,
    clock::Clock,
    config::{Config, Environment},
    domain::Trace,
    process::{Instance, Process, Schema},
    telemetry::Telemetry,
};
use tokio::runtime;

use crate::{commands, roles};

/// Runs the program with these arguments. Exit status: 0 success, 1 failure, 2 wrong usage.
pub fn run(instance: Instance, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match command(&instance).try_get_matches_from(with_hyphens(arguments)) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap knows where each belongs.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let outcome = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let outcome = runtime.block_on(dispatch(instance, &arguments));
            // Threads that still compute (a password hash of a request that was cut) must not hold the process.
            runtime.shutdown_background();
            outcome
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", commands::describe(&error));
            ExitCode::FAILURE
        }
    }
}

/// Commands were once written with underscores; both are understood.
fn with_hyphens(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(name) = arguments.get_mut(1)
        && let Some(text) = name.to_str().filter(|text| !text.starts_with('-'))
    {
        *name = text.replace('_', "-").into();
    }
    arguments
}

fn command(instance: &Instance) -> Command {
    let management = instance
        .domains
        .iter()
        .flat_map(|domain| &domain.commands)
        .map(|management| management.command.clone());
    Command::new("selflink")
        .about("The SelfLink backend")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(roles::ALL.iter().map(roles::Role::command))
        .subcommand(
            Command::new("config")
                .about("Prints the settings in force, secrets masked")
                .arg(
                    Arg::new("markdown")
                        .long("markdown")
                        .action(ArgAction::SetTrue)
                        .help("Print the reference page instead"),
                ),
        )
        .subcommand(Command::new("openapi").about("Prints the description of the API as JSON"))
        .subcommands(commands::all().into_iter().map(|own| own.command))
        .subcommands(management)
}

async fn dispatch(instance: Instance, arguments: &ArgMatches) -> anyhow::Result<()> {
    let Some((name, arguments)) = arguments.subcommand() else {
        anyhow::bail!("no command was given")
    };
    let environment = Environment::of_process();
    match name {
        "config" => return commands::config::run(&instance, &environment, arguments.get_flag("markdown")),
        "openapi" => {
            println!("{}", platform::http::openapi(&instance.domains).to_pretty_json()?);
            return Ok(());
        }
        _ => {}
    }
    instance.check_settings(&environment)?;
    let telemetry = Telemetry::start(&Config::read(&environment)?)?;
    let outcome = match roles::ALL.iter().find(|role| role.name == name) {
        Some(role) => roles::run(role, &environment, instance, arguments).await,
        None => run_command(name, &environment, instance, arguments).await,
    };
    telemetry.finish();
    outcome
}

/// A command that ends by itself; its events are delivered before it does.
async fn run_command(
    name: &str,
    environment: &Environment,
    instance: Instance,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    let schema = if name == "migrate" {
        Schema::Migrate
    } else {
        Schema::Require
    };
    let process = Process::start(environment, instance, schema, Clock::system()).await?;
    let outcome = call(name, &process, arguments).await;
    let drained = process.drain().await;
    process.end().await?;
    outcome.and(drained)
}

async fn call(name: &str, process: &Process, arguments: &ArgMatches) -> anyhow::Result<()> {
    let mut management = process
        .instance
        .domains
        .iter()
        .flat_map(|domain| &domain.commands);
    if let Some(found) = management.find(|management| management.command.get_name() == name) {
        leave_trace(&process.app, found.trace, name, arguments).await?;
        return (found.run)(process.app.clone(), arguments.clone()).await;
    }
    let own = commands::all()
        .into_iter()
        .find(|own| own.command.get_name() == name)
        .with_context(|| format!("there is no command {name}"))?;
    leave_trace(&process.app, own.trace, name, arguments).await?;
    (own.run)(process, arguments).await
}

/// Writes the call down before anything is done: what cannot be put on record is not done.
pub async fn leave_trace(
    app: &App,
    trace: Trace,
    command: &str,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    if let Some(action) = &trace.of_call(command, arguments) {
        app.db()
            .write(|tx| async move { tx.append(action).await })
            .await?;
    }
    Ok(())
}
