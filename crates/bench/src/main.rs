//! Load generator for the `selflink` binary.
//!
//! It starts the server on a database of its own, keeps a fixed number of connections busy, and says how many
//! requests a second came back, how long they took and what the server spent on them. Some scenarios are also
//! compared with their floor, the same work without any server around it: reads on PostgreSQL with the same SQL sent
//! by `pgbench`, sign-ins with bare password hashing, the fan-out of the WebSocket gateway with a bare loop over sockets.

mod account;
mod database;
mod floor;
mod gateway;
mod http;
mod load;
mod machine;
mod options;
mod process;
mod report;
mod run;
mod scenario;
mod server;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::options::Options;

/// One thread for everything: the server under test needs the other cores more than the load generator does.
#[tokio::main(flavor = "local")]
async fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(address) = options.serve_floor {
        return ended(floor::broadcast::serve(address).await.map(|()| true));
    }
    // Leaving through here, and not by dying of the signal, stops the server and drops the database.
    let finished = tokio::select! {
        finished = run::run(&options) => finished,
        () = interruption() => Err(anyhow::anyhow!("interrupted")),
    };
    ended(finished)
}

fn ended(finished: anyhow::Result<bool>) -> ExitCode {
    match finished {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Resolves when the process is asked to stop (SIGINT or SIGTERM).
async fn interruption() {
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be handled");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be handled");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
