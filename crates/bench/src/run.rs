//! A run: every chosen scenario on every chosen database, each with a server and a database of its own.

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::account;
use crate::database::{Backend, Database};
use crate::floor::Floor;
use crate::load::{self, Measurement};
use crate::machine::Machine;
use crate::options::Options;
use crate::report::{Outcome, Report, Round, float, table_head};
use crate::scenario::{Scenario, Stage};
use crate::server::Server;

/// Measures what the options ask for and prints it; whether everything succeeded.
pub async fn run(options: &Options) -> Result<bool> {
    let binary = options.server_binary()?;
    let mut report = Report {
        machine: Machine::this(),
        connections: options.connections.into(),
        seconds: options.seconds,
        outcomes: Vec::new(),
        errors: Vec::new(),
    };
    println!("{}", report.machine);
    println!(
        "{} connections, {} round(s) of {} s after {} s of warm-up",
        options.connections, options.rounds, options.seconds, options.warmup
    );
    println!("{}", table_head());
    for scenario in options.scenarios() {
        for &backend in options.db.backends() {
            match measure_on(scenario, backend, &binary, options).await {
                Ok(outcome) => {
                    println!("{}", outcome.table_row());
                    report.outcomes.push(outcome);
                }
                Err(error) => {
                    let error = format!("{} on {backend}: {error:#}", scenario.name());
                    eprintln!("bench: {error}");
                    report.errors.push(error);
                }
            }
        }
    }
    if let Some(path) = &options.json {
        report.write_json(path)?;
    }
    Ok(report.is_clean())
}

/// A server of its own for one measurement, and what it keeps its data in.
struct Host {
    // Dropped in this order: the server is gone before its database and its folder are.
    server: Server,
    database: Database,
    folder: TempDir,
}

/// Measures one scenario on one database, from an empty database to a stopped server.
async fn measure_on(
    scenario: &dyn Scenario,
    backend: Backend,
    binary: &Path,
    options: &Options,
) -> Result<Outcome> {
    let folder = TempDir::with_prefix("selflink-bench-").context("creating a temporary folder")?;
    let database = Database::create(backend, folder.path(), &options.postgres_url)?;
    let server = Server::start(binary, folder.path(), &database.url()).await?;
    let mut host = Host {
        server,
        database,
        folder,
    };
    let outcome = measure_rounds(scenario, &host, options)
        .await
        .map_err(|e| host.server.explain(&e))?;
    host.server.stop().await?;
    Ok(outcome)
}

async fn measure_rounds(scenario: &dyn Scenario, host: &Host, options: &Options) -> Result<Outcome> {
    let stage = set_stage(scenario, host, options).await?;
    let database_url = host.database.url();
    let backend = host.database.backend();
    let compared = backend == Backend::Postgres && !options.no_floor;
    let sql = scenario.floor_sql().filter(|_| compared);
    let mut floor = sql.zip(stage.accounts.first()).map(|(sql, account)| Floor {
        sql,
        database_url: &database_url,
        user_id: &account.id,
        connections: stage.connections,
        seconds: options.seconds,
    });
    let mut floor_error = None;
    let mut total = Measurement::new();
    let mut rounds = Vec::new();
    for _ in 0..options.rounds {
        let pid = host.server.pid;
        let round = load::measure(scenario, &stage, pid, options.warmup(), options.measured()).await?;
        let requests_per_second = float(round.requests()) / round.elapsed.as_secs_f64();
        total.merge(round)?;
        let mut floor_tps = None;
        if let Some(asked) = &floor {
            match asked.measure(host.folder.path()).await {
                Ok(tps) => floor_tps = Some(tps),
                Err(error) => {
                    floor_error = Some(format!("{error:#}"));
                    floor = None;
                }
            }
        }
        rounds.push(Round {
            requests_per_second,
            floor_tps,
        });
    }
    let peak_memory = host.server.peak_memory()?;
    Ok(Outcome::new(
        (scenario.name(), backend),
        total,
        peak_memory,
        rounds,
        floor_error,
    ))
}

/// Brings the server to where the load can start.
async fn set_stage(scenario: &dyn Scenario, host: &Host, options: &Options) -> Result<Stage> {
    let address = host.server.address;
    let connections = usize::from(options.connections);
    let accounts = if scenario.needs_accounts() {
        account::register(address, options.users, connections).await?
    } else {
        Vec::new()
    };
    host.database.analyze()?;
    Ok(Stage {
        address,
        accounts,
        connections,
    })
}
