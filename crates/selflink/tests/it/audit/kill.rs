//! `kill -9` while the trail grows: no acknowledged action is lost, none is there twice, and the chain holds.

use std::{collections::HashMap, time::Duration};

use platform::{
    audit::Action,
    clock::{Clock, random_bytes},
    config::Environment,
    process::{Process, Schema},
    testing::{TestApp, TestDatabase},
};
use sea_orm::DbErr;
use serde_json::Value;
use tokio::{process::Command, time::sleep};

use super::{events, verified};
use crate::{
    outbox::all_events_are_delivered,
    program::{Program, with_settings},
    support::{eventually, staff},
};

const ROUNDS: usize = 10;
/// Names the round that the started copy of this test binary plays.
const ROUND: &str = "SELFLINK_TEST_AUDIT_ROUND";

/// Not a test: the process that the test kills, when this binary is started for it.
#[tokio::test(flavor = "multi_thread")]
async fn child_process() {
    let environment = Environment::of_process();
    let round = environment.text(ROUND);
    if round.is_empty() {
        return;
    }
    let mut process = Process::start(
        &environment,
        selflink::instance(),
        Schema::Migrate,
        Clock::system(),
    )
    .await
    .expect("the instance starts");
    process.relay();
    let db = process.app.db();
    for number in 0.. {
        let name = format!("test.{round}.{number}");
        let action = &Action::new(&name);
        let written: Result<(), DbErr> = db
            .write(|tx| async move {
                if number % 2 == 0 {
                    tx.append(action).await
                } else {
                    audit::append(&tx, action, None).await
                }
            })
            .await;
        written.expect("is written");
        println!("acknowledged {name}");
    }
}

fn appending(database: &TestDatabase, round: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test binary"));
    command.args(["--exact", "audit::kill::child_process", "--nocapture"]);
    let mut command = with_settings(command, database);
    command.env(ROUND, format!("r{round}"));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_while_it_grows_lose_nothing() {
    let database = TestDatabase::unmigrated().await;
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        let program = Program::spawn(appending(&database, round));
        eventually("the first action", async || {
            program.output().contains("acknowledged").then_some(())
        })
        .await;
        sleep(Duration::from_millis(u64::from(random_bytes::<1>()[0]))).await;
        let output = program.output();
        program.kill().await;
        let names = output
            .lines()
            .filter_map(|line| line.strip_prefix("acknowledged "));
        acknowledged.extend(names.map(str::to_owned));
    }
    let app = TestApp::on(database, selflink::instance(), &[]).await;
    all_events_are_delivered(&app).await;
    let boss = staff(&app).await;
    let mut counts: HashMap<String, usize> = HashMap::new();
    for event in events(&boss).await {
        let Value::String(action) = &event["action"] else {
            panic!("no action: {event}")
        };
        *counts.entry(action.clone()).or_default() += 1;
    }
    for name in &acknowledged {
        assert!(
            counts.contains_key(name),
            "{name} was acknowledged and is not there"
        );
    }
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "appended more than once: {twice:?}");
    assert!(acknowledged.len() >= ROUNDS);
    verified(&app.database()).await;
    app.stop().await;
}
