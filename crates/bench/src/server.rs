//! The server under test: started for one measurement and stopped after it.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time;

use crate::http::{self, Connection};
use crate::process;

const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const LOG_LINES_SHOWN: usize = 20;

/// All of bench's own environment that the server gets to see.
const INHERITED: &[&str] = &["PATH", "HOME", "TMPDIR"];

/// Those that tokens depend on: some scenarios make tokens themselves.
pub const TOKEN_SETTINGS: [(&str, &str); 2] = [
    (
        "JWT_SIGNING_KEY",
        "bench-signing-key-0123456789-0123456789-01234567",
    ),
    ("JWT_ACCESS_MINUTES", "600"),
];

/// No throttles, cheap passwords (the load is to consist of argon2 only where that is what is measured), long-lived tokens.
const SETTINGS: &[(&str, &str)] = &[
    ("ENVIRONMENT", "development"),
    ("SECRET_KEY", "bench-secret-key-0123456789-0123456789-012345678"),
    TOKEN_SETTINGS[0],
    TOKEN_SETTINGS[1],
    ("THROTTLE_IP_RATE", ""),
    ("THROTTLE_USER_RATE", ""),
    ("THROTTLE_ANON_RATE", ""),
    ("RATE_LIMITS_ENABLED", "false"),
    ("MESSAGES_PER_MINUTE", "0"),
    ("THREADS_PER_MINUTE", "0"),
    ("PASSWORD_HASH_MEMORY_KIB", "8"),
    ("PASSWORD_HASH_ITERATIONS", "1"),
    ("LOG_LEVEL", "warn"),
];

/// How the processes of one server are started.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    pub binary: &'a Path,
    /// Where the data and the logs are.
    pub folder: &'a Path,
    pub database_url: &'a str,
    /// Settings in place of those that every server under test has.
    pub settings: &'a [(&'a str, &'a str)],
}

impl Launch<'_> {
    /// Starts a process that listens, and waits until it says that it is healthy.
    pub async fn serve(self, role: &str) -> Result<Server> {
        let address = free_address()?;
        let mut program = self.start(role, Some(address))?;
        match program.await_health(address).await {
            Ok(()) => Ok(Server { address, program }),
            Err(error) => Err(program.explain(&error)),
        }
    }

    /// Starts a process that nothing is sent to.
    pub fn work(self, role: &str) -> Result<Program> {
        self.start(role, None)
    }

    /// Runs a command to its end.
    pub async fn run(self, command: &str) -> Result<()> {
        let mut program = self.start(command, None)?;
        let status = program.child.wait().await?;
        if status.success() {
            Ok(())
        } else {
            Err(program.explain(&anyhow!("`selflink {command}` ended ({status})")))
        }
    }

    fn start(self, role: &str, address: Option<SocketAddr>) -> Result<Program> {
        let binary = self.binary;
        let port = address.map_or(0, |address| address.port());
        let log = self.folder.join(format!("{role}-{port}.log"));
        let output = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        let mut command = Command::new(binary);
        command.arg(role);
        if let Some(address) = address {
            command.args(["--bind", &address.to_string()]);
        }
        let child = command
            .env_clear()
            .envs(
                INHERITED
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(SETTINGS.iter().chain(self.settings).copied())
            .env("DATABASE_URL", self.database_url)
            .env("SELFLINK_DATA_DIR", self.folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Out of reach of Ctrl-C in the terminal, which bench answers by stopping the server itself.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let pid = child.id().context("the server has ended already")?;
        Ok(Program { pid, child, log })
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    pub program: Program,
}

/// A process of a server; killed when dropped, unless [`Program::stop`] has stopped it before.
#[derive(Debug)]
pub struct Program {
    pub pid: u32,
    child: Child,
    log: PathBuf,
}

impl Program {
    async fn await_health(&mut self, address: SocketAddr) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let answer = time::timeout_at(deadline.into(), check_health(address)).await;
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended while starting ({status})");
            }
            match answer {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) if Instant::now() >= deadline => {
                    return Err(error).context(format!(
                        "the server is not healthy after {} s",
                        START_TIMEOUT.as_secs()
                    ));
                }
                Ok(Err(_)) => time::sleep(Duration::from_millis(50)).await,
                Err(_) => bail!(
                    "GET /health was not answered within {} s",
                    START_TIMEOUT.as_secs()
                ),
            }
        }
    }

    /// The most memory the server has had resident so far, in bytes.
    pub fn peak_memory(&self) -> Result<u64> {
        process::peak_memory(self.pid)
    }

    /// Asks the server to stop, and kills it if it does not.
    pub async fn stop(&mut self) -> Result<()> {
        let pid = i32::try_from(self.pid)
            .ok()
            .and_then(Pid::from_raw)
            .context("the server has no pid")?;
        if self.child.try_wait()?.is_none() {
            kill_process(pid, Signal::TERM).context("stopping the server")?;
        }
        if let Ok(ended) = time::timeout(STOP_TIMEOUT, self.child.wait()).await {
            ended?;
        } else {
            eprintln!(
                "bench: the server did not stop within {} s and is killed",
                STOP_TIMEOUT.as_secs()
            );
            self.child.kill().await?;
        }
        Ok(())
    }

    /// The error, with the end of the server's log below it.
    pub fn explain(&self, error: &anyhow::Error) -> anyhow::Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        match &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..] {
            [] => anyhow!("{error:#} (the server's log is empty)"),
            last => anyhow!("{error:#}; the server's log ends with\n{}", last.join("\n")),
        }
    }
}

async fn check_health(address: SocketAddr) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let response = connection.send(&http::get(address, "/health", None)).await?;
    if response.status != 200 {
        bail!("GET /health: status {}", response.status);
    }
    Ok(())
}

/// An address nobody listens on at this moment.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("finding a free port")?;
    Ok(listener.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_cost_of_passwords_replaces_the_least() {
        let replaced = crate::scenario::default_cost();
        let cheap = SETTINGS
            .iter()
            .filter(|(name, _)| name.starts_with("PASSWORD_HASH_"));
        for (name, least) in cheap {
            let (_, cost) = replaced.iter().find(|(setting, _)| setting == name).unwrap();
            assert_ne!(cost, least, "{name}");
        }
    }

    #[test]
    fn keys_are_48_characters_long() {
        for name in ["SECRET_KEY", "JWT_SIGNING_KEY"] {
            let (_, key) = SETTINGS.iter().find(|(setting, _)| *setting == name).unwrap();
            assert_eq!(key.len(), 48, "{name}");
        }
    }
}
