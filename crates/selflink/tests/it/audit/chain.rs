//! One chain, whoever appends at the same time.

use std::collections::HashSet;

use futures::future::join_all;
use platform::{audit::Action, clock::random_hex, outbox::DomainEvent as _, testing::TestApp};
use sea_orm::DbErr;
use serde_json::json;

use super::{appended, events, events_are, told, verified};
use crate::support::{eventually, execute, staff, start, value};

#[tokio::test]
async fn an_empty_trail() {
    let app = start().await;
    assert_eq!(
        verified(&app.database()).await,
        "Audit trail verified: 0 events, head none\n"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_and_many_tasks_make_one_chain() {
    const TASKS: usize = 16;
    const EACH: usize = 4;
    let one = start().await;
    let two = TestApp::on(one.database(), selflink::instance(), &[]).await;
    let boss = staff(&one).await;
    let writing = (0..TASKS).map(|task| {
        let app = if task % 2 == 0 { &one } else { &two };
        async move {
            for number in 0..EACH {
                let action = Action::new(&format!("test.{task}.{number}"));
                // Half of them by the outbox, which either instance may deliver.
                if number % 2 == 0 {
                    appended(app, &action).await;
                } else {
                    told(app, &action).await;
                }
            }
        }
    });
    join_all(writing).await;
    events_are(&one, i64::try_from(TASKS * EACH).expect("is small")).await;
    let events = events(&boss).await;
    let actions: HashSet<&str> = events
        .iter()
        .filter_map(|event| event["action"].as_str())
        .collect();
    assert_eq!(actions.len(), TASKS * EACH, "each once");
    for pair in events.windows(2) {
        assert_eq!(pair[1]["hash_prev"], pair[0]["hash_self"]);
    }
    let head = events.last().expect("there are events")["hash_self"].clone();
    assert_eq!(
        verified(&one.database()).await,
        format!(
            "Audit trail verified: {} events, head {}\n",
            TASKS * EACH,
            head.as_str().expect("a text")
        )
    );
    two.stop().await;
    one.stop().await;
}

#[tokio::test]
async fn an_event_that_is_delivered_again_is_appended_once() {
    let app = start().await;
    let payload = json!({
        "actor": null, "address": null, "action": random_hex::<4>(), "object_type": "", "object_id": "", "metadata": {},
    });
    for _ in 0..2 {
        execute(
            &app,
            &format!(
                "INSERT INTO outbox (id, name, payload, created_at) \
                 VALUES (7, '{}', '{payload}', '2026-01-01T00:00:00+00:00')",
                Action::NAME
            ),
        )
        .await;
        eventually("the delivery", async || {
            (value::<i64>(&app, "SELECT count(*) FROM outbox").await == 0).then_some(())
        })
        .await;
    }
    events_are(&app, 1).await;
    verified(&app.database()).await;
    app.stop().await;
}

#[tokio::test]
async fn an_action_of_a_transaction_that_is_rolled_back_leaves_nothing() {
    let app = start().await;
    for by_outbox in [true, false] {
        let action = &Action::new("test.undone");
        let outcome: Result<(), DbErr> = app
            .app
            .db()
            .write(|tx| async move {
                if by_outbox {
                    tx.append(action).await?;
                } else {
                    audit::append(&tx, action, None).await?;
                }
                Err(DbErr::Custom("changed its mind".to_owned()))
            })
            .await;
        assert!(outcome.is_err());
    }
    appended(&app, &Action::new("test.done")).await;
    events_are(&app, 1).await;
    verified(&app.database()).await;
    app.stop().await;
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_turn_the_order() {
    let app = start().await;
    let boss = staff(&app).await;
    appended(&app, &Action::new("test.0")).await;
    app.advance(chrono::Duration::hours(-1));
    appended(&app, &Action::new("test.1")).await;
    appended(&app, &Action::new("test.2")).await;
    app.advance(chrono::Duration::hours(1));
    let actions: Vec<_> = events(&boss)
        .await
        .iter()
        .map(|event| event["action"].clone())
        .collect();
    assert_eq!(actions, ["test.0", "test.1", "test.2"]);
    verified(&app.database()).await;
    app.stop().await;
}
