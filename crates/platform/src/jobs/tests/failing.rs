//! What becomes of jobs that fail.

use serde_json::json;

use super::*;

on_both_stores! {
    tries_again_until_it_succeeds,
    gives_up_and_runs_again_when_asked,
    a_panic_is_a_failed_attempt,
    a_timeout_is_a_failed_attempt,
    an_unknown_name_is_a_dead_letter,
    an_unreadable_payload_is_a_dead_letter,
    a_job_that_kills_its_workers_is_given_up,
}

async fn tries_again_until_it_succeeds(store: TestStore) {
    let jobs = store.open().await;
    let probe = Probe {
        failures: 2,
        ..Probe::new()
    };
    let worker = Worker::start(&jobs);
    let began = Instant::now();
    enqueue(&jobs, &probe).await;
    counted(
        &jobs,
        JobCounts {
            done: 1,
            ..Default::default()
        },
    )
    .await;
    assert_eq!((probe.started(), probe.finished()), (3, 1));
    // 1 s after the first failure, 2 s after the second.
    assert!(began.elapsed() >= Duration::from_secs(3));
    worker.stop().await;
}

async fn gives_up_and_runs_again_when_asked(store: TestStore) {
    let jobs = store.open().await;
    let probe = Probe {
        failures: 3,
        ..Probe::new()
    };
    let worker = Worker::start(&jobs);
    enqueue(&jobs, &probe).await;
    counted(
        &jobs,
        JobCounts {
            dead: 1,
            ..Default::default()
        },
    )
    .await;
    let dead = jobs.dead(10).await.unwrap().remove(0);
    assert_eq!((dead.name.as_str(), dead.attempts), (Probe::NAME, 3));
    assert_eq!(dead.error, "failure number 3");

    assert!(!jobs.retry_dead("nobody").await.unwrap());
    assert!(jobs.retry_dead(&dead.id).await.unwrap());
    counted(
        &jobs,
        JobCounts {
            done: 1,
            ..Default::default()
        },
    )
    .await;
    assert!(!jobs.retry_dead(&dead.id).await.unwrap());
    assert_eq!((probe.started(), probe.finished()), (4, 1));
    worker.stop().await;
}

async fn a_panic_is_a_failed_attempt(store: TestStore) {
    let jobs = store.open().await;
    let probe = Probe {
        failures: 1,
        panics: true,
        ..Probe::new()
    };
    let hasty = Hasty(Probe {
        failures: 1,
        panics: true,
        ..Probe::new()
    });
    let worker = Worker::start(&jobs);
    enqueue(&jobs, &probe).await;
    jobs.enqueue(&hasty, Enqueue::default()).await.unwrap();
    counted(
        &jobs,
        JobCounts {
            done: 1,
            dead: 1,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(jobs.dead(1).await.unwrap()[0].error, "panicked: deliberately");
    assert_eq!(probe.started(), 2);
    worker.stop().await;
}

async fn a_timeout_is_a_failed_attempt(store: TestStore) {
    let jobs = store.open().await;
    let hasty = Hasty(Probe {
        works_for_ms: 60_000,
        ..Probe::new()
    });
    let worker = Worker::start(&jobs);
    jobs.enqueue(&hasty, Enqueue::default()).await.unwrap();
    counted(
        &jobs,
        JobCounts {
            dead: 1,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(jobs.dead(1).await.unwrap()[0].error, "took longer than 0.1 s");
    assert_eq!(hasty.0.marks(|marks| marks.running), 0);
    worker.stop().await;
}

async fn an_unknown_name_is_a_dead_letter(store: TestStore) {
    let jobs = store.open().await;
    let worker = Worker::start(&jobs);
    jobs.enqueue_named("test.future", json!({}), Enqueue::default())
        .await
        .unwrap();
    counted(
        &jobs,
        JobCounts {
            dead: 1,
            ..Default::default()
        },
    )
    .await;
    let dead = &jobs.dead(1).await.unwrap()[0];
    assert_eq!((dead.name.as_str(), dead.attempts), ("test.future", 1));
    assert_eq!(dead.error, "no job of this worker is called test.future");
    worker.stop().await;
}

async fn an_unreadable_payload_is_a_dead_letter(store: TestStore) {
    let jobs = store.open().await;
    let worker = Worker::start(&jobs);
    jobs.enqueue_named(Probe::NAME, json!({ "id": "secret" }), Enqueue::default())
        .await
        .unwrap();
    counted(
        &jobs,
        JobCounts {
            dead: 1,
            ..Default::default()
        },
    )
    .await;
    assert!(!jobs.dead(1).await.unwrap()[0].error.contains("secret"));
    worker.stop().await;
}

async fn a_job_that_kills_its_workers_is_given_up(store: TestStore) {
    let jobs = store.open().await;
    let hasty = Hasty(Probe::new());
    jobs.enqueue(&hasty, Enqueue::default()).await.unwrap();
    // As apalis leaves it after its only attempt.
    execute(
        &jobs,
        "UPDATE Jobs SET attempts = 1",
        "UPDATE apalis.jobs SET attempts = 1",
    )
    .await;
    let worker = Worker::start(&jobs);
    counted(
        &jobs,
        JobCounts {
            dead: 1,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(hasty.0.started(), 0);
    worker.stop().await;
}
