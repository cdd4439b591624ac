//! The WebSocket gateway under load. On SQLite one process serves everything; on PostgreSQL it is an API process, a worker
//! and two gateways, with Redis between them, and every other socket is on the other gateway.

mod crowd;
mod dm;
mod fanout;
mod idle;
mod marker;
mod site;
mod socket;
mod tally;

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::database::{Backend, Database};
use crate::options::Options;
use crate::report::{Findings, Outcome};
use site::Site;

pub use fanout::{Publish, drive as drive_fanout};
pub use marker::Marker;
pub use socket::Socket;
pub use tally::{Tally, listen, open_all};

/// A scenario of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketScenario {
    /// Connections on which nothing happens: what each costs the server in memory.
    Idle,
    /// What is said in a large group: how fast it reaches everybody.
    Fanout,
    /// Pairs who write to each other: from the request that sends a message to its arrival at the other's socket.
    Dm,
}

/// Every scenario, in the order `all` measures them.
pub const ALL: [SocketScenario; 3] = [SocketScenario::Idle, SocketScenario::Fanout, SocketScenario::Dm];

impl SocketScenario {
    /// The name on the command line and in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "ws-idle",
            Self::Fanout => "ws-fanout",
            Self::Dm => "ws-dm",
        }
    }
}

/// Measures one scenario on one database, from an empty database to stopped processes.
pub async fn measure_on(
    scenario: SocketScenario,
    backend: Backend,
    binary: &Path,
    options: &Options,
) -> Result<Outcome> {
    let folder = TempDir::with_prefix("selflink-bench-").context("creating a temporary folder")?;
    let database = Database::create(backend, folder.path(), &options.postgres_url).await?;
    let mut site = Site::start(binary, folder.path(), &database, options).await?;
    let findings = findings(scenario, &site, &database, options)
        .await
        .map_err(|error| site.explain(&error))?;
    let outcome = Outcome::new((scenario.name(), backend), findings);
    site.stop().await?;
    Ok(outcome)
}

async fn findings(
    scenario: SocketScenario,
    site: &Site,
    database: &Database,
    options: &Options,
) -> Result<Findings> {
    let mut findings = match scenario {
        SocketScenario::Idle => idle::measure(site, database, options).await?,
        SocketScenario::Fanout => fanout::measure(site, database, options).await?,
        SocketScenario::Dm => dm::measure(site, database, options).await?,
    };
    findings.server_peak_memory_bytes = site.peak_memory()?;
    Ok(findings)
}
