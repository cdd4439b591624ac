//! `kill -9` in the middle of writes, fifty times: what was acknowledged is there, nothing is half written, and no event
//! is lost.

mod checks;
mod probe;
mod traffic;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use platform::{
    clock::{Clock, random_bytes},
    config::{Config, Environment},
    domain::Surface,
    process::{Process, Schema},
    telemetry::Telemetry,
    testing::{TestApp, TestDatabase},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{net::TcpListener, process::Command, time::sleep};

use crate::{
    program::{Program, with_settings},
    support::{eventually, user},
};

const ROUNDS: usize = 50;
const CONNECTIONS: usize = 6;
/// How long the server is written to before it is killed, in milliseconds.
const LIFE: std::ops::Range<u64> = 0..250;
/// Names the part of this test binary that the started copy plays.
const PART: &str = "SELFLINK_TEST_PART";

/// Not a test: the server that the test kills, when this binary is started for it.
#[tokio::test(flavor = "multi_thread")]
async fn child_process() {
    let environment = Environment::of_process();
    if environment.text(PART) != "server" {
        return;
    }
    let config = Config::read(&environment).expect("the settings are valid");
    let telemetry = Telemetry::start(&config).expect("the log starts");
    let mut process = Process::start(&environment, probe::instance(), Schema::Migrate, Clock::system())
        .await
        .expect("the instance starts");
    process.relay();
    process.work();
    process.schedule();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("http://{}", listener.local_addr().expect("has an address"));
    process
        .serve(listener, &[Surface::Api], axum::Router::new())
        .expect("serves");
    process.run().await.expect("runs until it is killed");
    telemetry.finish();
}

fn server(database: &TestDatabase) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test binary"));
    command.args(["--exact", "kill::child_process", "--nocapture"]);
    let mut command = with_settings(command, database);
    command.env(PART, "server");
    command
}

/// Random, but for what `TEST_SEED` says; a failed test shows its seed.
fn chance() -> StdRng {
    let given = Environment::of_process().text("TEST_SEED").parse();
    let seed = given.unwrap_or_else(|_| u64::from_le_bytes(random_bytes()));
    println!("TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_in_the_middle_of_writes_lose_nothing() {
    let mut chance = chance();
    let database = TestDatabase::unmigrated().await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut writers: Vec<traffic::Writer> = (0..CONNECTIONS)
        .map(|number| traffic::Writer::new(number, chance.random(), Arc::clone(&acknowledged)))
        .collect();
    for round in 0..ROUNDS {
        let server = Program::start(server(&database)).await;
        let writing: Vec<_> = writers
            .drain(..)
            .map(|writer| tokio::spawn(writer.write_until_killed(server.url.clone())))
            .collect();
        // Mostly in the middle of writes, however slow the machine is; now and then before the first.
        if chance.random_ratio(4, 5) {
            let before = acknowledged.load(Ordering::Relaxed);
            let is_written = async || (acknowledged.load(Ordering::Relaxed) > before).then_some(());
            eventually("a write", is_written).await;
        }
        sleep(Duration::from_millis(chance.random_range(LIFE))).await;
        server.kill().await;
        for writer in writing {
            writers.push(
                writer
                    .await
                    .unwrap_or_else(|error| panic!("round {round}: {error}")),
            );
        }
    }
    println!(
        "{} writes were acknowledged",
        acknowledged.load(Ordering::Relaxed)
    );
    let app = TestApp::on(database, probe::instance(), &[]).await;
    checks::check(&app, writers).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_during_the_first_start_leave_a_database_that_starts() {
    let mut chance = chance();
    let database = TestDatabase::unmigrated().await;
    for _ in 0..20 {
        let starting = Program::spawn(server(&database));
        sleep(Duration::from_millis(chance.random_range(0..150))).await;
        starting.kill().await;
    }
    let app = TestApp::on(database, probe::instance(), &[]).await;
    user(&app).await;
    app.stop().await;
}
