//! `kill -9` in the middle of fan-outs: no follower misses a post.

use std::time::Duration;

use platform::{
    clock::{Clock, random_bytes},
    config::Environment,
    domain::Surface,
    process::{Process, Schema},
    testing::{TestApp, TestDatabase},
};
use serde_json::json;
use tokio::{net::TcpListener, process::Command, time::sleep};

use super::{followed_by_crowd, settled};
use crate::{
    outbox::all_events_are_delivered,
    program::{Program, with_settings},
    support::{eventually, user, value},
};

const ROUNDS: usize = 6;
const FOLLOWERS: i64 = 3500;
/// Names the part of this test binary that the started copy plays.
const PART: &str = "SELFLINK_TEST_FEED_PART";

/// Not a test: the server that the test kills, when this binary is started for it.
#[tokio::test(flavor = "multi_thread")]
async fn child_process() {
    let environment = Environment::of_process();
    if environment.text(PART) != "server" {
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
    process.work();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("http://{}", listener.local_addr().expect("has an address"));
    process
        .serve(listener, &[Surface::Api], axum::Router::new())
        .expect("serves");
    process.run().await.expect("runs until it is killed");
}

fn server(database: &TestDatabase) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test binary"));
    command.args(["--exact", "feed::kill::child_process", "--nocapture"]);
    let mut command = with_settings(command, database);
    command.env(PART, "server");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_amid_fan_outs_leave_no_timeline_without_a_post() {
    let database = TestDatabase::unmigrated().await;
    let app = TestApp::on(database.clone(), selflink::instance(), &[]).await;
    let ann = user(&app).await;
    followed_by_crowd(&app, &ann, FOLLOWERS).await;
    app.stop().await;
    let mut posts: i64 = 0;
    for _ in 0..ROUNDS {
        let program = Program::start(server(&database)).await;
        let client = platform::testing::Client::new(&program.url)
            .with_token(ann.client.token.as_deref().expect("a token"));
        for _ in 0..3 {
            let answer = client.post("posts/", &json!({ "text": "a post" })).await;
            answer.expect(201);
            posts += 1;
        }
        sleep(Duration::from_millis(u64::from(random_bytes::<1>()[0]))).await;
        program.kill().await;
    }
    let app = TestApp::on(database, selflink::instance(), &[]).await;
    let half_done: i64 = value(&app, "SELECT count(*) FROM timeline").await;
    println!(
        "{half_done} of {} entries were written before the last kill",
        posts * FOLLOWERS
    );
    all_events_are_delivered(&app).await;
    // What a killed worker held others take only when its lease has ended.
    eventually("the last entry", async || {
        let entries: i64 = value(&app, "SELECT count(*) FROM timeline").await;
        (entries == posts * FOLLOWERS).then_some(())
    })
    .await;
    settled(&app).await;
    let dead = app.app.jobs().dead(10).await.expect("are listed");
    assert!(dead.is_empty(), "{dead:?}");
    app.stop().await;
}
