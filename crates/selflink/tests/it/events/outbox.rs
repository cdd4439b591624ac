//! Events reach their subscribers if, and only if, their transaction commits.

use std::collections::HashSet;

use platform::testing::TestApp;
use sea_orm::DbErr;

use super::domain::{Delivery, Mishap, Noted, attempts, deliveries, instance, new_run};
use crate::support::{eventually, execute, value};

/// A transaction with one event; whether it commits.
async fn write(app: &TestApp, event: &Noted, commits: bool) {
    let outcome = app.app.db().write(|tx| async move {
        tx.append(event).await?;
        if commits {
            Ok(())
        } else {
            Err(DbErr::Custom("changed its mind".to_owned()))
        }
    });
    assert_eq!(outcome.await.is_ok(), commits);
}

fn event(run: &str, number: i64, mishaps: &[Mishap]) -> Noted {
    Noted {
        run: run.to_owned(),
        number,
        mishaps: mishaps.to_vec(),
    }
}

/// The numbers of what has reached a run, once it is this many.
async fn reached(run: &str, count: usize) -> Vec<i64> {
    eventually("the delivery", async || {
        let numbers: Vec<i64> = deliveries(run).iter().map(|delivery| delivery.number).collect();
        (numbers.len() >= count).then_some(numbers)
    })
    .await
}

#[tokio::test]
async fn what_commits_is_delivered_and_what_does_not_is_not() {
    let run = new_run();
    let app = TestApp::start(instance()).await;
    write(&app, &event(&run, 1, &[]), true).await;
    write(&app, &event(&run, 2, &[]), false).await;
    write(&app, &event(&run, 3, &[]), true).await;
    assert_eq!(reached(&run, 2).await, [1, 3]);
    eventually("the outbox is cleared", async || {
        (value::<i64>(&app, "SELECT count(*) FROM outbox").await == 0).then_some(())
    })
    .await;
    assert_eq!(deliveries(&run).len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn an_event_that_its_subscriber_refuses_comes_again() {
    let run = new_run();
    let app = TestApp::start(instance()).await;
    write(&app, &event(&run, 1, &[Mishap::Error, Mishap::Error]), true).await;
    for failed in 1..=2 {
        let error = eventually("the refusal is written down", async || {
            let query = format!("SELECT last_error FROM outbox WHERE attempts = {failed} AND last_error LIKE '%attempt {failed}%'");
            let found = value::<i64>(&app, &format!("SELECT count(*) FROM ({query}) x")).await;
            match found {
                0 => None,
                _ => Some(value::<String>(&app, &query).await),
            }
        })
        .await;
        assert_eq!(error, format!("subscriber test: attempt {failed} was to fail"));
        // The pause is over.
        execute(&app, "UPDATE outbox SET due_at = 0").await;
    }
    assert_eq!(reached(&run, 1).await, [1]);
    assert_eq!(attempts(deliveries(&run)[0].event), 3);
    app.stop().await;
}

#[tokio::test]
async fn a_subscriber_that_panics_stops_nobody_else() {
    let run = new_run();
    let app = TestApp::start(instance()).await;
    write(&app, &event(&run, 1, &[Mishap::Panic]), true).await;
    write(&app, &event(&run, 2, &[]), true).await;
    assert_eq!(reached(&run, 1).await, [2]);
    eventually("the panic is written down", async || {
        (value::<i64>(&app, "SELECT count(*) FROM outbox WHERE last_error IS NOT NULL").await == 1)
            .then_some(())
    })
    .await;
    execute(&app, "UPDATE outbox SET due_at = 0").await;
    assert_eq!(reached(&run, 2).await, [2, 1]);
    app.stop().await;
}

#[tokio::test]
async fn what_a_process_left_behind_is_delivered_by_the_next() {
    let run = new_run();
    let app = TestApp::start(selflink::instance()).await;
    // This program does not know the subscriber, and another process has claimed the event a while ago.
    let left = "INSERT INTO outbox (id, name, payload, created_at, due_at, attempts) \
         SELECT 7, 'test.noted', '{\"run\":\"RUN\",\"number\":5,\"mishaps\":[]}', '2026-01-01T00:00:00+00:00', DUE, 1";
    let soon = match app.app.db().engine() {
        platform::db::Engine::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER) + 1500",
        platform::db::Engine::Postgres => {
            "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + 1500"
        }
    };
    execute(&app, &left.replace("RUN", &run).replace("DUE", soon)).await;
    let database = app.database();
    app.stop().await;
    let app = TestApp::on(database, instance(), &[]).await;
    assert_eq!(reached(&run, 1).await, [5]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_share_the_work() {
    const EVENTS: i64 = 300;
    let run = &new_run();
    let one = TestApp::start(instance()).await;
    let two = TestApp::on(one.database(), instance(), &[]).await;
    let written = one.app.db().write(|tx| async move {
        for number in 0..EVENTS {
            tx.append(&event(run, number, &[])).await?;
        }
        Ok::<_, DbErr>(())
    });
    written.await.expect("commits");
    // Both are nudged.
    write(&two, &event(run, EVENTS, &[]), true).await;
    let count = usize::try_from(EVENTS).expect("is small") + 1;
    let mut numbers = reached(run, count).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (0..=EVENTS).collect::<Vec<_>>(), "everything once");
    let done = deliveries(run);
    let by = |app: &TestApp| {
        done.iter()
            .filter(|Delivery { node, .. }| *node == app.app.db().ids().node())
            .count()
    };
    assert!(
        by(&one) > 0 && by(&two) > 0 && by(&one) + by(&two) == count,
        "{} and {}",
        by(&one),
        by(&two)
    );
    assert_eq!(
        done.iter()
            .map(|delivery| delivery.event)
            .collect::<HashSet<_>>()
            .len(),
        count
    );
    two.stop().await;
    one.stop().await;
}
