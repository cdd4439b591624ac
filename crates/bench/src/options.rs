//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::builder::PossibleValuesParser;
use clap::{Parser, ValueEnum};

use crate::database::Backend;
use crate::gateway::{self, SocketScenario};
use crate::scenario::{self, Scenario};

/// Measures the selflink server under load, on a database of its own.
#[derive(Debug, Parser)]
pub struct Options {
    /// What to measure: one or more
    #[arg(required_unless_present = "serve_floor", value_name = "SCENARIO", value_parser = scenario_names())]
    pub names: Vec<String>,

    /// The server binary [default: the `selflink` next to this program]
    #[arg(long, value_name = "PATH")]
    pub bin: Option<PathBuf>,

    /// The database the server keeps its data in
    #[arg(long, value_enum, default_value_t = Databases::Both)]
    pub db: Databases,

    /// Where a PostgreSQL database for the run can be created and dropped
    #[arg(
        long,
        value_name = "URL",
        default_value = "postgres://postgres@127.0.0.1:5432/postgres"
    )]
    pub postgres_url: String,

    /// Connections kept busy at the same time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    pub connections: u16,

    /// Seconds measured in each round
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: u32,

    /// Seconds of load before each measured round
    #[arg(long, value_name = "S", default_value_t = 2)]
    pub warmup: u32,

    /// Times a scenario (and its floor) is measured; medians are reported
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,

    /// Accounts registered before the load; some scenarios take more or fewer
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub users: u32,

    /// WebSocket connections of `ws-idle`, as far as the limit of open files allows
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(2..))]
    pub sockets: u32,

    /// Members of the group of `ws-fanout`, one WebSocket connection each
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(2..))]
    pub subscribers: u32,

    /// Pairs of people who write to each other in `ws-dm`
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub pairs: u32,

    /// Seconds that a message may be on its way to a WebSocket
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub patience: u32,

    /// The Redis between the processes of the WebSocket scenarios on PostgreSQL; their keys have a prefix of their own
    #[arg(long, value_name = "URL", default_value = "redis://127.0.0.1:6379/0")]
    pub redis_url: String,

    /// Do not compare with what pgbench (on PostgreSQL) or bare password hashing reaches
    #[arg(long)]
    pub no_floor: bool,

    /// Write the results as JSON too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Be the floor of `ws-fanout` instead: pass on every frame to all sockets
    #[arg(long, value_name = "ADDRESS", hide = true)]
    pub serve_floor: Option<SocketAddr>,
}

/// Which databases to measure on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Databases {
    Sqlite,
    Postgres,
    Both,
}

impl Databases {
    pub fn backends(self) -> &'static [Backend] {
        match self {
            Self::Sqlite => &[Backend::Sqlite],
            Self::Postgres => &[Backend::Postgres],
            Self::Both => &[Backend::Sqlite, Backend::Postgres],
        }
    }
}

/// The name that stands for every scenario.
const ALL: &str = "all";

impl Options {
    /// The scenarios to measure, in the order of [`scenario::ALL`].
    pub fn scenarios(&self) -> impl Iterator<Item = &'static dyn Scenario> + '_ {
        scenario::ALL
            .iter()
            .copied()
            .filter(|scenario| self.names_one(scenario.name()))
    }

    /// Those of the WebSocket gateway, in the order of [`gateway::ALL`].
    pub fn socket_scenarios(&self) -> impl Iterator<Item = SocketScenario> + '_ {
        gateway::ALL
            .into_iter()
            .filter(|scenario| self.names_one(scenario.name()))
    }

    fn names_one(&self, scenario: &str) -> bool {
        self.names.iter().any(|name| name == ALL || name == scenario)
    }

    /// The server binary to start; an error if there is none.
    pub fn server_binary(&self) -> Result<PathBuf> {
        if let Some(path) = &self.bin {
            ensure!(path.is_file(), "--bin {}: there is no such file", path.display());
            return path
                .canonicalize()
                .with_context(|| format!("--bin {}", path.display()));
        }
        let own = std::env::current_exe().context("finding the folder of this program")?;
        let path = own.with_file_name("selflink");
        ensure!(
            path.is_file(),
            "{} does not exist: run `cargo build --release` first, or name the server with --bin",
            path.display()
        );
        Ok(path)
    }

    pub fn warmup(&self) -> Duration {
        Duration::from_secs(self.warmup.into())
    }

    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience.into())
    }

    pub fn measured(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

fn scenario_names() -> PossibleValuesParser {
    let requests = scenario::ALL.iter().map(|scenario| scenario.name());
    let sockets = gateway::ALL.into_iter().map(SocketScenario::name);
    PossibleValuesParser::new(requests.chain(sockets).chain([ALL]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stands_for_every_scenario_and_a_name_for_one() {
        let all = Options::parse_from(["bench", "all"]);
        assert_eq!(all.scenarios().count(), scenario::ALL.len());
        assert_eq!(all.socket_scenarios().count(), gateway::ALL.len());
        let one = Options::parse_from(["bench", "users-list"]);
        let names: Vec<_> = one.scenarios().map(Scenario::name).collect();
        assert_eq!(names, ["users-list"]);
        let two = Options::parse_from(["bench", "users-list", "me", "me"]);
        let names: Vec<_> = two.scenarios().map(Scenario::name).collect();
        assert_eq!(names, ["me", "users-list"]);
    }

    #[test]
    fn something_has_to_be_measured() {
        assert!(Options::try_parse_from(["bench"]).is_err());
    }

    #[test]
    fn an_unknown_scenario_is_refused() {
        assert!(Options::try_parse_from(["bench", "nothing"]).is_err());
    }
}
