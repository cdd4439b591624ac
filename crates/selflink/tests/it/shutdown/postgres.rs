//! PostgreSQL that cuts every connection while it is written to and read from.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use platform::testing::{TestApp, TestDatabase, is_postgres};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::time::sleep;

use crate::{
    outbox::all_events_are_delivered,
    support::{self, TestUser, eventually, user},
};

const CUTS: usize = 15;
const CLIENTS: usize = 6;

/// Ends every connection to the database of the test.
async fn cut_connections(database: &TestDatabase) {
    let mut connection = PgConnection::connect(&database.url()).await.expect("connects");
    let text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::raw_sql(AssertSqlSafe(text))
        .execute(&mut connection)
        .await
        .expect("the connections are cut");
    let _ = connection.close().await;
}

/// What one client has done.
#[derive(Default)]
struct Tally {
    reads: AtomicU32,
    writes: AtomicU32,
    refused: AtomicU32,
    over: AtomicBool,
}

async fn read(one: TestUser, tally: Arc<Tally>) {
    let paths = ["users/me/", "users/", "users/?q=name&ordering=name"];
    while !tally.over.load(Ordering::Relaxed) {
        for path in paths {
            let answer = one.client.get(path).await;
            assert_eq!(answer.status, 200, "GET {path}: {}", answer.text);
            tally.reads.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Returns the number of the last change that was acknowledged, and of the last that was sent.
async fn write(one: TestUser, tally: Arc<Tally>) -> (TestUser, u32, u32) {
    let (mut held, mut sent) = (0, 0);
    while !tally.over.load(Ordering::Relaxed) {
        sent += 1;
        let change = json!({ "bio": sent.to_string() });
        let answer = one.client.patch("users/me/", &change).await;
        assert!(
            [200, 503].contains(&answer.status),
            "{}: {}",
            answer.status,
            answer.text
        );
        if answer.status == 200 {
            held = sent;
            tally.writes.fetch_add(1, Ordering::Relaxed);
        } else {
            tally.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
    (one, held, sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_cost_no_read_and_no_acknowledged_write() {
    if !is_postgres() {
        println!("skipped: SQLite has no connections to cut");
        return;
    }
    let app = support::start().await;
    let tally = Arc::new(Tally::default());
    let (mut readers, mut writers) = (Vec::new(), Vec::new());
    for _ in 0..CLIENTS {
        readers.push(tokio::spawn(read(user(&app).await, Arc::clone(&tally))));
        writers.push(tokio::spawn(write(user(&app).await, Arc::clone(&tally))));
    }
    for _ in 0..CUTS {
        let before = tally.reads.load(Ordering::Relaxed);
        eventually("traffic flows", async || {
            let failed = readers.iter().any(tokio::task::JoinHandle::is_finished);
            (failed || tally.reads.load(Ordering::Relaxed) > before + 20).then_some(())
        })
        .await;
        cut_connections(&app.database()).await;
        // Soon again: also connections that have just been opened.
        sleep(Duration::from_millis(30)).await;
        cut_connections(&app.database()).await;
    }
    tally.over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("every read is answered");
    }
    for writer in writers {
        let (one, held, sent) = writer.await.expect("writes are answered");
        let bio = one.client.get("users/me/").await.expect(200)["bio"].clone();
        let bio: u32 = bio.as_str().and_then(|bio| bio.parse().ok()).unwrap_or(0);
        assert!((held..=sent).contains(&bio), "{bio}, {held} to {sent}");
        one.client
            .patch("users/me/", &json!({ "bio": "after" }))
            .await
            .expect(200);
    }
    println!(
        "{} reads, {} writes, {} refused",
        tally.reads.load(Ordering::Relaxed),
        tally.writes.load(Ordering::Relaxed),
        tally.refused.load(Ordering::Relaxed)
    );
    the_background_goes_on(&app).await;
    app.stop().await;
}

async fn the_background_goes_on(app: &TestApp) {
    user(app).await;
    all_events_are_delivered(app).await;
    eventually("the scheduled jobs have run", async || {
        let counts = app.app.jobs().counts().await.ok()?;
        (counts.pending + counts.running == 0 && counts.done >= 2).then_some(())
    })
    .await;
}
