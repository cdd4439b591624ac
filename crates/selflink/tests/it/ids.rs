//! Ids: their layout, and that no two processes make the same.

use std::collections::HashSet;

use chrono::DateTime;
use platform::{
    clock::Clock,
    db::Engine,
    id::{EPOCH_MILLIS, Layout},
    process::{Process, Schema},
    testing::{TestApp, TestDatabase, environment},
};
use serde_json::json;

use crate::support::{execute, start, start_with, user, value};

/// 2^53, up to which JavaScript keeps every whole number.
const EXACT: i64 = 1 << 53;

#[tokio::test]
async fn new_databases_have_ids_that_javascript_keeps() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    assert!(
        0 < ann.id && ann.id < bob.id && bob.id < 1_000_000_000_000_000,
        "{} {}",
        ann.id,
        bob.id
    );
    assert_eq!(
        value::<String>(&app, "SELECT value FROM instance WHERE name = 'id_layout'").await,
        "compact"
    );
    app.stop().await;
}

#[tokio::test]
async fn snowflakes_hold_their_time_and_node() {
    let app = start_with(&[("ID_LAYOUT", "snowflake")]).await;
    let ann = user(&app).await;
    assert!(ann.id > EXACT, "{}", ann.id);
    let me = ann.client.get("users/me/").await;
    // Digits as they are, and welcome as text.
    assert!(me.text.contains(&format!("\"id\":{},", ann.id)), "{}", me.text);
    let made = DateTime::parse_from_rfc3339(me.json()["created_at"].as_str().expect("is a text"))
        .expect("is a time");
    let distance = (ann.id >> 22) + EPOCH_MILLIS - made.timestamp_millis();
    assert!(distance.abs() < 10_000, "{distance} ms");
    assert_eq!(
        u64::try_from((ann.id >> 12) & 0x3ff),
        Ok(app.app.db().ids().node())
    );
    assert_eq!(
        ann.client.get(&format!("users/{}/", ann.id)).await.expect(200)["id"],
        json!(ann.id)
    );
    app.stop().await;
}

#[tokio::test]
async fn the_layout_of_a_database_stays() {
    let database = TestDatabase::create().await;
    TestApp::on(
        database.clone(),
        selflink::instance(),
        &[("ID_LAYOUT", "snowflake")],
    )
    .await
    .stop()
    .await;
    for schema in [Schema::Migrate, Schema::Require] {
        let environment = environment(&database).with("ID_LAYOUT", "compact");
        let started = Process::start(&environment, selflink::instance(), schema, Clock::system()).await;
        let Err(error) = started else { panic!("it started") };
        insta::allow_duplicates! {
            insta::assert_snapshot!(format!("{error:#}"), @"ID_LAYOUT is compact, but the database was created with snowflake: the layout of an instance cannot change");
        }
    }
    // Not said, or said again, it is what the database has.
    for settings in [&[][..], &[("ID_LAYOUT", "snowflake")]] {
        let app = TestApp::on(database.clone(), selflink::instance(), settings).await;
        assert_eq!(app.app.db().ids().layout(), Layout::Snowflake);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_never_make_the_same_id() {
    let one = start().await;
    let two = TestApp::on(one.database(), selflink::instance(), &[]).await;
    assert_ne!(one.app.db().ids().node(), two.app.db().ids().node());
    let makers = [&one, &one, &two, &two].map(|app| {
        let app = app.app.clone();
        tokio::task::spawn_blocking(move || (0..20_000).map(|_| app.db().ids().next()).collect::<Vec<_>>())
    });
    let mut made = HashSet::new();
    for maker in makers {
        made.extend(maker.await.expect("does not panic"));
    }
    assert_eq!(made.len(), 80_000);
    let accounts =
        futures::future::join_all((0..20).map(|n| user(if n % 2 == 0 { &one } else { &two }))).await;
    assert_eq!(
        accounts
            .iter()
            .map(|account| account.id)
            .collect::<HashSet<_>>()
            .len(),
        20
    );
    two.stop().await;
    one.stop().await;
}

#[tokio::test]
async fn a_node_is_given_back_and_taken_again() {
    let app = start().await;
    let held = "SELECT count(*) FROM node_leases WHERE expires_at > 0";
    assert_eq!(value::<i64>(&app, held).await, 1);
    let two = TestApp::on(app.database(), selflink::instance(), &[]).await;
    assert_eq!(value::<i64>(&app, held).await, 2);
    two.stop().await;
    assert_eq!(value::<i64>(&app, held).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn when_all_nodes_are_held_the_next_process_is_told_why_it_cannot_start() {
    let app = start().await;
    let now = match app.app.db().engine() {
        Engine::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    };
    // Processes of other machines.
    let leases = format!(
        "WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 31) \
         INSERT INTO node_leases (node, holder, expires_at, used_until) SELECT n, 'elsewhere', {now} + 30000, 0 FROM c WHERE true \
         ON CONFLICT (node) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at"
    );
    execute(&app, &leases).await;
    let refused = Process::start(
        &environment(&app.database()),
        selflink::instance(),
        Schema::Require,
        Clock::system(),
    )
    .await;
    let Err(error) = refused else { panic!("it started") };
    let text = format!("{error:#}");
    assert!(
        text.contains("no node number is free") && text.contains("ID_LAYOUT=compact"),
        "{text}"
    );
    app.stop().await;
}
