//! PgBouncer, started for one test.

use std::{os::unix::fs::PermissionsExt as _, path::PathBuf};

use platform::testing::TestDatabase;
use reqwest::Url;
use tokio::{
    net::{TcpListener, TcpStream},
    process::Command,
};

use super::with_port;
use crate::{program::Program, support::eventually};

/// A running PgBouncer; ends with the value.
pub struct Bouncer {
    program: Option<Program>,
    configuration: PathBuf,
    port: u16,
    /// The database of the test, through the pooler.
    pub url: String,
}

impl Bouncer {
    /// Starts one before the server of `database`.
    pub async fn start(database: &TestDatabase) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("has an address").port();
        drop(listener);
        let configuration = database.folder().join("pgbouncer.ini");
        std::fs::write(&configuration, settings(&database.url(), port)).expect("is written");
        // It refuses to run as root, and becomes another user that must be able to read this.
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(database.folder(), everybody).expect("is the test's own");
        let mut bouncer = Self {
            program: None,
            configuration,
            port,
            url: with_port(&database.url(), port),
        };
        bouncer.run().await;
        bouncer
    }

    async fn run(&mut self) {
        let mut command = Command::new(program());
        if rustix::process::getuid().is_root() {
            command.args(["-u", "nobody"]);
        }
        command.arg(&self.configuration);
        let program = Program::spawn(command);
        eventually("PgBouncer listens", async || {
            let connected = TcpStream::connect(("127.0.0.1", self.port)).await;
            assert!(program.is_running(), "PgBouncer ended:\n{}", program.output());
            connected.ok()
        })
        .await;
        self.program = Some(program);
    }

    /// Kills it and starts it again.
    pub async fn restart(&mut self) {
        if let Some(program) = self.program.take() {
            program.kill().await;
        }
        self.run().await;
    }
}

fn program() -> PathBuf {
    [
        "/usr/sbin/pgbouncer",
        "/usr/bin/pgbouncer",
        "/usr/local/bin/pgbouncer",
    ]
    .map(PathBuf::from)
    .into_iter()
    .find(|path| path.exists())
    .expect("PgBouncer is missing: install it (apt-get install pgbouncer)")
}

fn settings(url: &str, port: u16) -> String {
    let server = Url::parse(url).expect("a URL");
    let password = server
        .password()
        .map(|password| format!(" password='{password}'"))
        .unwrap_or_default();
    format!(
        "[databases]\n* = host={} port={} user={}{password}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
         pool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 100\n",
        server.host_str().unwrap_or("127.0.0.1"),
        server.port().unwrap_or(5432),
        server.username(),
    )
}
