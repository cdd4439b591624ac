//! A run: every chosen scenario on every chosen database, each with a server and a database of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::account;
use crate::database::{Backend, Database};
use crate::floor::{Floor, Ground};
use crate::gateway;
use crate::http::Connection;
use crate::load::{Load, Measurement};
use crate::machine::Machine;
use crate::options::Options;
use crate::report::{Comparison, Findings, Outcome, Report, Round, float, median, table_head};
use crate::scenario::{Check, Errand, Scenario, Stage};
use crate::server::{Launch, Server};

/// How often an errand is made.
const ERRANDS: usize = 5;
/// How long one may take.
const LONGEST_ERRAND: Duration = Duration::from_mins(1);

/// Measures what the options ask for and prints it; whether everything succeeded.
pub async fn run(options: &Options) -> Result<bool> {
    let binary = options.server_binary()?;
    let mut report = Report {
        machine: Machine::this(),
        connections: options.connections.into(),
        seconds: options.seconds,
        outcomes: Vec::new(),
        comparisons: Vec::new(),
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
            let outcome = measure_on(scenario, backend, &binary, options).await;
            note(&mut report, (scenario.name(), backend), outcome);
        }
    }
    for scenario in options.socket_scenarios() {
        for &backend in options.db.backends() {
            let outcome = gateway::measure_on(scenario, backend, &binary, options).await;
            note(&mut report, (scenario.name(), backend), outcome);
        }
    }
    report.comparisons = compare(options, &report);
    for comparison in &report.comparisons {
        println!("{comparison}");
    }
    if let Some(path) = &options.json {
        report.write_json(path)?;
    }
    Ok(report.is_clean())
}

/// Prints what was found out, and keeps it.
fn note(report: &mut Report, (scenario, backend): (&str, Backend), outcome: Result<Outcome>) {
    match outcome {
        Ok(outcome) => {
            println!("{}", outcome.table_row());
            report.outcomes.push(outcome);
        }
        Err(error) => {
            let error = format!("{scenario} on {backend}: {error:#}");
            eprintln!("bench: {error}");
            report.errors.push(error);
        }
    }
}

/// Every measured scenario beside the one that it is compared with, by database.
fn compare(options: &Options, report: &Report) -> Vec<Comparison> {
    let measured = |name: &str, backend| {
        report
            .outcomes
            .iter()
            .find(|outcome| outcome.scenario == name && outcome.database == backend)
    };
    options
        .scenarios()
        .filter_map(|scenario| Some((scenario.name(), scenario.compared_with()?)))
        .flat_map(|names| options.db.backends().iter().map(move |&backend| (names, backend)))
        .filter_map(|((name, other), backend)| {
            Some(Comparison::of(
                measured(name, backend)?,
                measured(other, backend)?,
            ))
        })
        .collect()
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
    let database = Database::create(backend, folder.path(), &options.postgres_url).await?;
    let launch = Launch {
        binary,
        folder: folder.path(),
        database_url: &database.url(),
        settings: &scenario.settings(),
    };
    let server = launch.serve("serve").await?;
    let mut host = Host {
        server,
        database,
        folder,
    };
    let outcome = measure_rounds(scenario, &host, options)
        .await
        .map_err(|e| host.server.program.explain(&e))?;
    host.server.program.stop().await?;
    Ok(outcome)
}

async fn measure_rounds(scenario: &dyn Scenario, host: &Host, options: &Options) -> Result<Outcome> {
    let stage = set_stage(scenario, host, options).await?;
    let backend = host.database.backend();
    let load = Load {
        scenario,
        stage: &stage,
        server: host.server.program.pid,
        warmup: options.warmup(),
        measured: options.measured(),
    };
    let ground = Ground {
        stage: &stage,
        database: &host.database,
        folder: host.folder.path(),
        seconds: options.seconds,
    };
    let mut floor = scenario
        .floor()
        .filter(|floor| !options.no_floor && floor.applies_to(backend));
    let mut findings = Findings {
        quiet: load.has_background().then(Measurement::new),
        floor: floor.map(Floor::name),
        ..Findings::of(Measurement::new())
    };
    findings.errand = run_errands(scenario, &stage, &host.database)
        .await?
        .zip(scenario.errand(&stage).map(|errand| errand.is_done.what));
    for _ in 0..options.rounds {
        let quiet_requests_per_second = match &mut findings.quiet {
            Some(quiet) => Some(add_round(quiet, load.measure_quiet().await?)?),
            None => None,
        };
        let requests_per_second = add_round(&mut findings.total, load.measure().await?)?;
        let mut floor_tps = None;
        if let Some(asked) = floor {
            match asked.measure(ground).await {
                Ok(tps) => floor_tps = Some(tps),
                Err(error) => {
                    findings.floor_error = Some(format!("{error:#}"));
                    floor = None;
                }
            }
        }
        findings.rounds.push(Round {
            quiet_requests_per_second,
            requests_per_second,
            floor_tps,
        });
    }
    findings.check_error = check(scenario, &stage, &host.database).await;
    findings.server_peak_memory_bytes = host.server.program.peak_memory()?;
    Ok(Outcome::new((scenario.name(), backend), findings))
}

/// Makes the scenario's errand a few times, one after the other; the median time until its work was done, in milliseconds.
async fn run_errands(scenario: &dyn Scenario, stage: &Stage, database: &Database) -> Result<Option<f64>> {
    let Some(Errand { request, is_done }) = scenario.errand(stage) else {
        return Ok(None);
    };
    let mut connection = Connection::open(stage.address).await?;
    let mut times = Vec::new();
    for _ in 0..ERRANDS {
        let sent = Instant::now();
        let response = connection.send(&request).await?;
        ensure!(response.is_success(), "status {} to an errand", response.status);
        while database.number(&is_done.sql).await? != 0 {
            ensure!(
                sent.elapsed() < LONGEST_ERRAND,
                "an errand was not done: {}",
                is_done.what
            );
        }
        times.push(sent.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(times.into_iter()))
}

/// Adds a round to the earlier ones; its requests per second.
fn add_round(total: &mut Measurement, round: Measurement) -> Result<f64> {
    let requests_per_second = float(round.requests()) / round.elapsed.as_secs_f64();
    total.merge(round)?;
    Ok(requests_per_second)
}

/// What is wrong in the database after the last answer, if anything.
async fn check(scenario: &dyn Scenario, stage: &Stage, database: &Database) -> Option<String> {
    let Check { sql, what } = scenario.check(stage)?;
    match database.number(&sql).await {
        Ok(0) => None,
        Ok(found) => Some(format!("{found} {what}")),
        Err(error) => Some(format!("{error:#}")),
    }
}

/// Brings server and database to where the load can start.
async fn set_stage(scenario: &dyn Scenario, host: &Host, options: &Options) -> Result<Stage> {
    let address = host.server.address;
    let connections = usize::from(options.connections);
    let count = scenario.accounts(options.users);
    let stage = Stage {
        address,
        accounts: account::register(address, count, connections).await?,
        connections,
    };
    if let Some(sql) = scenario.prepare_sql(&stage) {
        host.database.execute(&sql).await?;
    }
    host.database.analyze().await?;
    Ok(stage)
}
