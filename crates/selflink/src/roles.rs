//! The roles that a process of the program can play.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};
use platform::{
    clock::Clock,
    config::{Config, Environment},
    domain::{Surface, Trace},
    process::{Instance, Process, Schema},
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

use crate::{cli::leave_trace, commands, welcome};

/// What a process does.
pub struct Role {
    /// Its name on the command line.
    pub name: &'static str,
    about: &'static str,
    /// Where it listens when `--bind` does not say; `None`: it serves no HTTP.
    bind: Option<&'static str>,
    surfaces: &'static [Surface],
    works: bool,
    schedules: bool,
}

/// All roles.
pub const ALL: [Role; 6] = [
    Role {
        name: "serve",
        about: "Everything in one process: API, streams, realtime, docs, metrics, jobs, schedules",
        bind: Some("0.0.0.0:8000"),
        surfaces: &[Surface::Api, Surface::Stream, Surface::Realtime],
        works: true,
        schedules: true,
    },
    Role {
        name: "api",
        about: "The HTTP API",
        bind: Some("0.0.0.0:8000"),
        surfaces: &[Surface::Api],
        works: false,
        schedules: false,
    },
    Role {
        name: "stream",
        about: "Server-sent events, and the whole HTTP API",
        bind: Some("0.0.0.0:8001"),
        surfaces: &[Surface::Api, Surface::Stream],
        works: false,
        schedules: false,
    },
    Role {
        name: "realtime",
        about: "The WebSocket gateway",
        bind: Some("0.0.0.0:8002"),
        surfaces: &[Surface::Realtime],
        works: false,
        schedules: false,
    },
    Role {
        name: "worker",
        about: "Background jobs",
        bind: None,
        surfaces: &[],
        works: true,
        schedules: false,
    },
    Role {
        name: "scheduler",
        about: "Periodic jobs; several may run, one leads",
        bind: None,
        surfaces: &[],
        works: false,
        schedules: true,
    },
];

impl Role {
    fn is_everything(&self) -> bool {
        self.name == "serve"
    }

    /// How it looks on the command line.
    pub fn command(&self) -> Command {
        let command = Command::new(self.name).about(self.about);
        let command = match self.bind {
            Some(address) => {
                let bind = Arg::new("bind")
                    .long("bind")
                    .value_name("ADDRESS")
                    .help("Address and port to listen on");
                command.arg(
                    bind.value_parser(clap::value_parser!(SocketAddr))
                        .default_value(address),
                )
            }
            None => command,
        };
        if self.is_everything() {
            let demo = Arg::new("demo")
                .long("demo")
                .action(ArgAction::SetTrue)
                .help("Make demo accounts and say how to sign in");
            command.arg(demo)
        } else {
            command
        }
    }
}

/// Plays a role until the process is asked to end (SIGTERM, SIGINT).
pub async fn run(
    role: &Role,
    environment: &Environment,
    instance: Instance,
    arguments: &ArgMatches,
) -> anyhow::Result<()> {
    for warning in platform::config::warnings(&Config::read(environment)?, environment) {
        tracing::warn!("{warning}");
    }
    // Bound before the database is opened: an address in use is found out at once.
    let listener = match role.bind {
        Some(_) => Some(listen(role, environment, arguments).await?),
        None => None,
    };
    let schema = if role.is_everything() {
        Schema::Migrate
    } else {
        Schema::Require
    };
    let mut process = Process::start(environment, instance, schema, Clock::system()).await?;
    let demo = if role.is_everything() && arguments.get_flag("demo") {
        leave_trace(&process.app, Trace::Call, role.name, arguments).await?;
        commands::demo::seed(&process.app, false).await?
    } else {
        Vec::new()
    };
    process.relay();
    process.keep_house();
    if role.works {
        process.work();
    }
    if role.schedules {
        process.schedule();
    }
    // From before the first answer on: whoever has had one may ask for the end.
    let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    if let Some(listener) = listener {
        let address = listener.local_addr()?;
        let pages = if role.is_everything() {
            welcome::page(&demo)
        } else {
            axum::Router::new()
        };
        process.serve(listener, role.surfaces, pages)?;
        if role.is_everything() {
            let gateway = process.instance.serves(Surface::Realtime);
            print!("{}", welcome::banner(address, gateway, &demo));
        }
        tracing::info!(role = role.name, %address, "ready");
    } else {
        tracing::info!(role = role.name, "ready");
    }
    let stop = process.stop_token();
    tokio::spawn(async move {
        asked_to_end(terminate, interrupt).await;
        tracing::info!("ending: no new connections, requests and jobs in flight finish");
        stop.cancel();
    });
    process.run().await
}

async fn listen(
    role: &Role,
    environment: &Environment,
    arguments: &ArgMatches,
) -> anyhow::Result<TcpListener> {
    let is_default = arguments.value_source("bind") == Some(ValueSource::DefaultValue);
    let address = if role.name == "realtime" && is_default {
        // Older gateways were told by variables alone.
        realtime::address(environment)
    } else {
        let address = arguments.get_one::<SocketAddr>("bind").context("--bind")?;
        address.to_string()
    };
    TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another with --bind"))
}

async fn asked_to_end(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
