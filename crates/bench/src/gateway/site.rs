//! The processes of a server with a gateway.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::database::{Backend, Database};
use crate::options::Options;
use crate::process;
use crate::server::{Launch, Program, Server};

/// What a process opens besides sockets: the database, logs, its libraries.
const OTHER_FILES: u64 = 200;

/// A server, whole or in its roles.
pub struct Site {
    /// Where requests go.
    pub api: SocketAddr,
    /// Those that hold sockets: all processes of a server that is one, two of one in roles.
    gateways: Vec<Server>,
    /// The others.
    others: Vec<Program>,
    /// Open files that this process and each other may have.
    open_files: u64,
}

impl Site {
    /// Starts the processes that this database is served by.
    pub async fn start(binary: &Path, folder: &Path, database: &Database, options: &Options) -> Result<Self> {
        let open_files = process::raise_open_files();
        let database_url = database.url();
        let prefix = format!("bench-{:016x}:", rand::random::<u64>());
        let settings = [
            ("REDIS_URL", options.redis_url.as_str()),
            ("REDIS_PREFIX", &prefix),
        ];
        let launch = |settings| Launch {
            binary,
            folder,
            database_url: &database_url,
            settings,
        };
        if database.backend() == Backend::Sqlite {
            let whole = launch(&[]).serve("serve").await?;
            return Ok(Self {
                api: whole.address,
                gateways: vec![whole],
                others: Vec::new(),
                open_files,
            });
        }
        let launch = launch(&settings);
        launch.run("migrate").await?;
        let api = launch.serve("api").await?;
        let worker = launch.work("worker")?;
        let gateways = vec![launch.serve("realtime").await?, launch.serve("realtime").await?];
        Ok(Self {
            api: api.address,
            gateways,
            others: vec![api.program, worker],
            open_files,
        })
    }

    /// The gateway of a socket; they take turns.
    pub fn gateway(&self, socket: usize) -> SocketAddr {
        self.gateways[socket % self.gateways.len()].address
    }

    /// How many sockets there can be at most: this process holds one end of all of them.
    pub fn most_sockets(&self) -> u64 {
        self.open_files.saturating_sub(OTHER_FILES)
    }

    /// Resident memory of the processes that hold sockets, in bytes.
    pub fn gateway_memory(&self) -> Result<u64> {
        self.gateways
            .iter()
            .map(|gateway| process::memory(gateway.program.pid))
            .sum()
    }

    /// The most memory that each process has had resident so far, added up, in bytes.
    pub fn peak_memory(&self) -> Result<u64> {
        self.programs().map(Program::peak_memory).sum()
    }

    /// User and system time that all of them have used.
    pub fn cpu_time(&self) -> Result<Duration> {
        self.programs()
            .map(|program| process::cpu_time(program.pid))
            .sum()
    }

    fn programs(&self) -> impl Iterator<Item = &Program> {
        let gateways = self.gateways.iter().map(|gateway| &gateway.program);
        gateways.chain(&self.others)
    }

    /// The error, with the end of the log of the process that holds sockets.
    pub fn explain(&self, error: &anyhow::Error) -> anyhow::Error {
        self.gateways[0].program.explain(error)
    }

    /// Asks all to stop, those that hold sockets first.
    pub async fn stop(&mut self) -> Result<()> {
        for gateway in &mut self.gateways {
            gateway.program.stop().await?;
        }
        for other in &mut self.others {
            other.stop().await?;
        }
        Ok(())
    }
}
