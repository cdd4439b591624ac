//! The program itself, run as operators run it.

use std::process::Stdio;

use platform::testing::{Client, TestDatabase};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

/// A run that has ended.
pub struct Finished {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// What it printed, if it ended well.
    #[track_caller]
    pub fn succeeded(self) -> String {
        assert_eq!(self.status, Some(0), "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// What it complained of, if it ended with this status.
    #[track_caller]
    pub fn failed(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{}\n{}", self.stdout, self.stderr);
        self.stderr
    }
}

/// A process that knows these settings and nothing of the environment of the tests.
fn command(arguments: &[&str], settings: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selflink"));
    command
        .args(arguments)
        .env_clear()
        .kill_on_drop(true)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// Runs a command without a database of the tests.
pub async fn run_with(arguments: &[&str], settings: &[(&str, &str)]) -> Finished {
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    finish(command(arguments, &settings), "").await
}

/// Runs a command on a database.
pub async fn run(database: &TestDatabase, arguments: &[&str]) -> Finished {
    run_told(database, arguments, &[], "").await
}

/// The same with further settings and something to read on stdin.
pub async fn run_told(
    database: &TestDatabase,
    arguments: &[&str],
    settings: &[(&str, &str)],
    stdin: &str,
) -> Finished {
    finish(on(database, arguments, settings), stdin).await
}

fn on(database: &TestDatabase, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut all = database.settings();
    all.extend(
        settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect::<Vec<_>>(),
    );
    let mut command = command(arguments, &all);
    command.current_dir(database.folder());
    command
}

async fn finish(mut command: Command, stdin: &str) -> Finished {
    let mut child = command.spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("has a stdin");
    // A program that does not read it may have closed it.
    let _ = pipe.write_all(stdin.as_bytes()).await;
    drop(pipe);
    let output = child.wait_with_output().await.expect("ends");
    Finished {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("prints text"),
        stderr: String::from_utf8(output.stderr).expect("prints text"),
    }
}

/// A role that listens, on a port of its own; killed when dropped.
pub struct Listening {
    pub url: String,
    _child: Child,
}

impl Listening {
    /// Starts a role with these arguments and waits until it is ready.
    pub async fn start(database: &TestDatabase, role: &[&str]) -> Self {
        let settings = [("LOG_FORMAT", "json"), ("LOG_LEVEL", "info")];
        let arguments = [role, &["--bind", "127.0.0.1:0"]].concat();
        let mut child = on(database, &arguments, &settings)
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("has a stderr")).lines();
        let mut log = String::new();
        let address = loop {
            let line = lines.next_line().await.expect("logs text");
            let line = line.unwrap_or_else(|| panic!("{role:?} ended before it was ready: {log}"));
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if entry["message"] == "ready" {
                break entry["address"]
                    .as_str()
                    .expect("says where it listens")
                    .to_owned();
            }
            log.push_str(&line);
        };
        // Read on, so that it never waits for somebody to read.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            url: format!("http://{address}"),
            _child: child,
        }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }
}
