//! Programs that tests start, kill and end: the binary, or this very test binary in the part of a server.

use std::{
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use platform::testing::TestDatabase;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// How long a program may take to start, to answer, or to end: far longer than any does.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A running program and what it has printed. Killed when dropped.
pub struct Program {
    child: Child,
    output: Arc<Mutex<String>>,
    /// `http://127.0.0.1:<port>`, as the program printed it.
    pub url: String,
}

/// The binary with the settings of a test instance on `database`, and nothing else of the environment.
pub fn selflink(database: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selflink"));
    command.args(arguments);
    with_settings(command, database)
}

/// Gives a command the settings of a test instance on `database`, and nothing else of the environment.
pub fn with_settings(mut command: Command, database: &TestDatabase) -> Command {
    command
        .env_clear()
        .envs(database.settings())
        .current_dir(database.folder());
    command
}

impl Program {
    /// Starts a program and waits until it says where it listens.
    pub async fn start(command: Command) -> Self {
        let mut program = Self::spawn(command);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(url) = printed_url(&program.output()) {
                program.url = url;
                return program;
            }
            if let Some(status) = program.child.try_wait().expect("the program can be asked") {
                // What it printed last may still be on its way.
                sleep(Duration::from_millis(100)).await;
                panic!("the program ended with {status}:\n{}", program.output());
            }
            assert!(
                Instant::now() < deadline,
                "the program does not listen:\n{}",
                program.output()
            );
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Starts a program that may end by itself.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let output = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().expect("is piped"), Arc::clone(&output));
        collect(child.stderr.take().expect("is piped"), Arc::clone(&output));
        Self {
            child,
            output,
            url: String::new(),
        }
    }

    /// Everything it has printed so far, on both channels.
    pub fn output(&self) -> String {
        self.output.lock().expect("nobody panics with it").clone()
    }

    /// Whether it still runs. (A process that has ended and was not waited for keeps its place in `/proc`.)
    pub fn is_running(&self) -> bool {
        let path = format!("/proc/{}/stat", self.child.id().unwrap_or(0));
        std::fs::read_to_string(path).is_ok_and(|text| !text.contains(") Z "))
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// `kill -9`, and the wait for its end.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the program is killed");
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process number"), Signal::TERM).expect("the signal is sent");
    }

    /// Waits for its end by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("the program does not end:\n{}", self.output()))
            .expect("it can be waited for")
    }
}

fn collect(from: impl AsyncRead + Unpin + Send + 'static, to: Arc<Mutex<String>>) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut text = to.lock().expect("nobody panics with it");
            text.push_str(&line);
            text.push('\n');
        }
    });
}

fn printed_url(output: &str) -> Option<String> {
    let (_, rest) = output.split_once("http://127.0.0.1:")?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    Some(format!("http://127.0.0.1:{}", &rest[..digits]))
}
