//! What jobs do when nothing goes wrong.

use serde_json::json;

use super::*;

on_both_stores! {
    runs_a_job_once,
    starts_at_once_when_idle,
    is_told_of_jobs_of_other_processes,
    waits_for_its_time,
    a_key_runs_once,
    respects_the_concurrency,
    opens_twice_at_once,
    vacuum_keeps_what_is_young,
}

async fn runs_a_job_once(store: TestStore) {
    let (jobs, probe) = (store.open().await, Probe::new());
    enqueue(&jobs, &probe).await;
    counted(
        &jobs,
        JobCounts {
            pending: 1,
            ..Default::default()
        },
    )
    .await;
    let worker = Worker::start(&jobs);
    counted(
        &jobs,
        JobCounts {
            done: 1,
            ..Default::default()
        },
    )
    .await;
    worker.stop().await;
    assert_eq!((probe.started(), probe.finished()), (1, 1));
}

async fn starts_at_once_when_idle(store: TestStore) {
    let jobs = store.open().await;
    let worker = Worker::start(&jobs);
    sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    for _ in 0..10 {
        let probe = Probe::new();
        enqueue(&jobs, &probe).await;
        eventually("the job", async || probe.finished() == 1).await;
    }
    // Generous, for loaded machines: polling alone would take 5 s on PostgreSQL.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    worker.stop().await;
}

async fn is_told_of_jobs_of_other_processes(store: TestStore) {
    let (jobs, other) = (store.open().await, store.open().await);
    let worker = Worker::start(&jobs);
    sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    for _ in 0..10 {
        let probe = Probe::new();
        enqueue(&other, &probe).await;
        eventually("the job", async || probe.finished() == 1).await;
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    worker.stop().await;
}

async fn waits_for_its_time(store: TestStore) {
    let (jobs, probe) = (store.open().await, Probe::new());
    let worker = Worker::start(&jobs);
    #[expect(clippy::disallowed_methods, reason = "the store's clock is the machine's")]
    let run_at = chrono::Utc::now() + Duration::from_secs(2);
    jobs.enqueue(
        &probe,
        Enqueue {
            run_at: Some(run_at),
            ..Default::default()
        },
    )
    .await
    .unwrap();
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(probe.started(), 0);
    counted(
        &jobs,
        JobCounts {
            done: 1,
            ..Default::default()
        },
    )
    .await;
    worker.stop().await;
}

async fn a_key_runs_once(store: TestStore) {
    let (jobs, probe) = (store.open().await, Probe::new());
    let keyed = || Enqueue {
        key: Some("one".into()),
        run_at: None,
    };
    let (first, second) = tokio::join!(jobs.enqueue(&probe, keyed()), jobs.enqueue(&probe, keyed()));
    first.and(second).unwrap();
    let worker = Worker::start(&jobs);
    counted(
        &jobs,
        JobCounts {
            done: 1,
            ..Default::default()
        },
    )
    .await;

    // Also when the first has long finished; but a key is one job's, not the whole queue's.
    jobs.enqueue(&probe, keyed()).await.unwrap();
    jobs.vacuum(Duration::ZERO).await.unwrap();
    jobs.enqueue(&probe, keyed()).await.unwrap();
    jobs.enqueue(&Hasty(probe.clone()), keyed()).await.unwrap();
    counted(
        &jobs,
        JobCounts {
            done: 2,
            ..Default::default()
        },
    )
    .await;
    worker.stop().await;
    assert_eq!(probe.started(), 2);
}

async fn respects_the_concurrency(store: TestStore) {
    let jobs = store.open().await;
    let probe = Probe {
        works_for_ms: 100,
        ..Probe::new()
    };
    for _ in 0..8 {
        enqueue(&jobs, &probe).await;
    }
    let worker = Worker::with_concurrency(&jobs, 2);
    counted(
        &jobs,
        JobCounts {
            done: 8,
            ..Default::default()
        },
    )
    .await;
    worker.stop().await;
    assert_eq!(probe.marks(|marks| marks.most_running), 2);
}

async fn opens_twice_at_once(store: TestStore) {
    let opening: Vec<_> = (0..4).map(|_| tokio::spawn(Jobs::open(store.store()))).collect();
    for jobs in opening {
        jobs.await.unwrap().unwrap();
    }
}

async fn vacuum_keeps_what_is_young(store: TestStore) {
    let jobs = store.open().await;
    let worker = Worker::start(&jobs);
    enqueue(&jobs, &Probe::new()).await;
    jobs.enqueue_named("test.future", json!({}), Enqueue::default())
        .await
        .unwrap();
    counted(
        &jobs,
        JobCounts {
            done: 1,
            dead: 1,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(jobs.vacuum(Duration::ZERO).await.unwrap(), 0);
    execute(
        &jobs,
        "UPDATE Jobs SET done_at = done_at - 90000",
        "UPDATE apalis.jobs SET done_at = done_at - interval '90000 s'",
    )
    .await;
    assert_eq!(jobs.vacuum(Duration::from_secs(90_100)).await.unwrap(), 0);
    assert_eq!(jobs.vacuum(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(
        jobs.counts().await.unwrap(),
        JobCounts {
            dead: 1,
            ..Default::default()
        }
    );
    worker.stop().await;
}
