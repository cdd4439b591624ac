//! Several workers, and what becomes of a job when its worker ends.

use tokio::runtime::Runtime;

use super::*;

on_both_stores! {
    two_workers_share_the_work,
    a_graceful_stop_waits,
    a_graceful_stop_hands_back,
    a_dropped_worker_hands_back,
    jobs_of_a_dead_worker_are_taken_up,
}

/// A worker in a process of its own, as far as that goes: [`crash`] ends it without another word.
async fn start_doomed(store: &TestStore) -> Runtime {
    let store = store.store();
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.spawn(async move {
            let jobs = Jobs::open(store).await.unwrap();
            jobs.work(app(), kinds(), 4, CancellationToken::new())
                .await
                .unwrap();
        });
        runtime
    })
    .await
    .unwrap()
}

async fn crash(doomed: Runtime, jobs: &Jobs) {
    // With patience, so that the last statement of the dead is over; what was to follow does not.
    let end = || doomed.shutdown_timeout(Duration::from_millis(500));
    tokio::task::spawn_blocking(end).await.unwrap();
    // As if the lease's time had passed.
    execute(
        jobs,
        "UPDATE Workers SET last_seen = last_seen - 1000",
        "UPDATE apalis.workers SET last_seen = last_seen - interval '1000 s'",
    )
    .await;
}

async fn two_workers_share_the_work(store: TestStore) {
    let (one, other) = (store.open().await, store.open().await);
    let probes: Vec<_> = (0..60)
        .map(|_| Probe {
            works_for_ms: 20,
            ..Probe::new()
        })
        .collect();
    for probe in &probes {
        enqueue(&one, probe).await;
    }
    let workers = [Worker::start(&one), Worker::start(&other), Worker::start(&other)];
    counted(
        &one,
        JobCounts {
            done: 60,
            ..Default::default()
        },
    )
    .await;
    for worker in workers {
        worker.stop().await;
    }
    assert!(probes.iter().all(|probe| probe.started() == 1));
}

async fn a_graceful_stop_waits(store: TestStore) {
    let jobs = store.open().await;
    let probe = Probe {
        works_for_ms: 1500,
        ..Probe::new()
    };
    let worker = Worker::start(&jobs);
    enqueue(&jobs, &probe).await;
    eventually("the job's start", async || probe.started() == 1).await;
    let stopping = tokio::spawn(worker.stop());
    sleep(Duration::from_millis(100)).await;
    let late = Probe::new();
    enqueue(&jobs, &late).await;
    stopping.await.unwrap();
    assert_eq!((probe.finished(), late.started()), (1, 0));
    assert_eq!(
        jobs.counts().await.unwrap(),
        JobCounts {
            done: 1,
            pending: 1,
            ..Default::default()
        }
    );
}

async fn a_graceful_stop_hands_back(store: TestStore) {
    let (jobs, other) = (store.open().await, store.open().await);
    let probe = Probe {
        works_for_ms: 14_000,
        ..Probe::new()
    };
    let worker = Worker::start(&jobs);
    enqueue(&jobs, &probe).await;
    eventually("the job's start", async || probe.started() == 1).await;
    let began = Instant::now();
    worker.stop().await;
    let took = began.elapsed();
    assert!(
        took >= crate::jobs::worker::GRACE && took < Duration::from_secs(12),
        "{took:?}"
    );
    assert_eq!(
        other.counts().await.unwrap(),
        JobCounts {
            pending: 1,
            ..Default::default()
        }
    );

    let heir = Worker::start(&other);
    let began = Instant::now();
    eventually("the second start", async || probe.started() == 2).await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(probe.marks(|marks| marks.most_running), 1);
    heir.task.abort();
}

async fn a_dropped_worker_hands_back(store: TestStore) {
    let jobs = store.open().await;
    let probe = Probe {
        works_for_ms: 60_000,
        ..Probe::new()
    };
    let worker = Worker::start(&jobs);
    enqueue(&jobs, &probe).await;
    eventually("the job's start", async || probe.started() == 1).await;
    worker.task.abort();
    counted(
        &jobs,
        JobCounts {
            pending: 1,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(probe.marks(|marks| marks.running), 0);
}

async fn jobs_of_a_dead_worker_are_taken_up(store: TestStore) {
    let jobs = store.open().await;
    let probe = Probe {
        works_for_ms: 3000,
        ..Probe::new()
    };
    enqueue(&jobs, &probe).await;
    let doomed = start_doomed(&store).await;
    eventually("the job's start", async || probe.started() == 1).await;
    crash(doomed, &jobs).await;
    assert_eq!(
        jobs.counts().await.unwrap(),
        JobCounts {
            running: 1,
            ..Default::default()
        }
    );

    let worker = Worker::start(&jobs);
    counted(
        &jobs,
        JobCounts {
            done: 1,
            ..Default::default()
        },
    )
    .await;
    assert_eq!((probe.started(), probe.finished()), (2, 1));
    worker.stop().await;
}

/// The server ends every connection of the store, and takes new ones or not.
async fn cut_off(store: &TestStore, for_good: bool) {
    let TestStore::Postgres { server, database } = store else {
        unreachable!("only a server can be cut off")
    };
    let mut connection = PgConnection::connect(server).await.unwrap();
    let allow = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS {}", !for_good);
    sqlx::query(AssertSqlSafe(allow))
        .execute(&mut connection)
        .await
        .unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    sqlx::query(end)
        .bind(database)
        .execute(&mut connection)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_lost_connections() {
    let store = TestStore::postgres().await;
    let jobs = store.open().await;
    let probe = Probe {
        works_for_ms: 4000,
        ..Probe::new()
    };
    let worker = Worker::start(&jobs);
    enqueue(&jobs, &probe).await;
    eventually("the job's start", async || probe.started() == 1).await;
    cut_off(&store, true).await;
    sleep(Duration::from_secs(2)).await;
    cut_off(&store, false).await;
    // The job goes on, and the next is taken.
    let next = Probe::new();
    eventually("the store", async || {
        jobs.enqueue(&next, Enqueue::default()).await.is_ok()
    })
    .await;
    counted(
        &jobs,
        JobCounts {
            done: 2,
            ..Default::default()
        },
    )
    .await;
    assert_eq!((probe.started(), next.started()), (1, 1));
    worker.stop().await;
    store.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stops_its_jobs_before_their_lease_ends() {
    let store = TestStore::postgres().await;
    let jobs = store.open().await;
    let probe = Probe {
        works_for_ms: 35_000,
        ..Probe::new()
    };
    let worker = Worker::start(&jobs);
    enqueue(&jobs, &probe).await;
    eventually("the job's start", async || probe.started() == 1).await;
    cut_off(&store, true).await;
    sleep(Duration::from_secs(15)).await;
    assert_eq!(probe.marks(|marks| marks.running), 1);
    sleep(Duration::from_secs(14)).await;
    assert_eq!(probe.marks(|marks| marks.running), 0);
    cut_off(&store, false).await;
    eventually("the second start", async || probe.started() == 2).await;
    worker.stop().await;
    store.remove().await;
}
