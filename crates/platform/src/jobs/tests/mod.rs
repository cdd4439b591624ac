//! Each test is a scenario that runs on both stores, PostgreSQL's at `TEST_DATABASE_URL` as of the build or on this
//! machine. Jobs are [`Probe`]s.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use futures::FutureExt as _;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Enqueue, Job, JobCounts, JobKind, JobStore, Jobs, store::Pool};
use crate::{
    app::App,
    clock::Clock,
    config::Environment,
    http::Standing,
    process::{Instance, Process, Schema},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// One for all tests: these jobs do nothing with it.
fn app() -> App {
    static APP: LazyLock<App> = LazyLock::new(|| {
        let start = || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let folder = tempfile::tempdir().unwrap();
            let environment =
                Environment::default().with("SELFLINK_DATA_DIR", folder.path().display().to_string());
            let nobody = Instance {
                domains: Vec::new(),
                find_standing: |_, _| async { Ok(Standing::Unknown) }.boxed(),
            };
            let process = Process::start(&environment, nobody, Schema::Migrate, Clock::system());
            let app = runtime.block_on(process).unwrap().app.clone();
            // Its connections live on it.
            std::mem::forget(runtime);
            app
        };
        // The test's own runtime must not be blocked on.
        std::thread::spawn(start).join().unwrap()
    });
    APP.clone()
}

/// A store of a test's own.
#[derive(Clone)]
enum TestStore {
    Sqlite(Arc<tempfile::TempDir>),
    Postgres { server: String, database: String },
}

impl TestStore {
    fn sqlite() -> Self {
        Self::Sqlite(Arc::new(tempfile::tempdir().unwrap()))
    }

    async fn postgres() -> Self {
        let server =
            option_env!("TEST_DATABASE_URL").unwrap_or("postgres://postgres@127.0.0.1:5432/postgres");
        let database = format!("jobs_test_{:016x}", rand::random::<u64>());
        let mut connection = PgConnection::connect(server).await.unwrap();
        let create = format!("CREATE DATABASE {database}");
        sqlx::query(AssertSqlSafe(create))
            .execute(&mut connection)
            .await
            .unwrap();
        Self::Postgres {
            server: server.to_owned(),
            database,
        }
    }

    fn store(&self) -> JobStore {
        match self {
            Self::Sqlite(folder) => JobStore::Sqlite {
                path: folder.path().join("jobs.db"),
            },
            Self::Postgres { server, database } => {
                let mut url = url::Url::parse(server).unwrap();
                url.set_path(database);
                JobStore::Postgres { url: url.into() }
            }
        }
    }

    /// Another process' view of the store.
    async fn open(&self) -> Jobs {
        Jobs::open(self.store()).await.unwrap()
    }

    async fn remove(self) {
        if let Self::Postgres { server, database } = self {
            let mut connection = PgConnection::connect(&server).await.unwrap();
            let drop = format!("DROP DATABASE {database} WITH (FORCE)");
            sqlx::query(AssertSqlSafe(drop))
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
}

macro_rules! on_both_stores {
    ($($scenario:ident,)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                super::$scenario(super::TestStore::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                let store = super::TestStore::postgres().await;
                let scenario = std::panic::AssertUnwindSafe(super::$scenario(store.clone()));
                let result = futures::FutureExt::catch_unwind(scenario).await;
                store.remove().await;
                result.unwrap();
            })*
        }
    };
}

mod failing;
mod running;
mod workers;

/// What jobs of one test did.
#[derive(Default)]
struct Marks {
    started: u32,
    finished: u32,
    running: u32,
    most_running: u32,
}

static MARKS: LazyLock<Mutex<HashMap<u64, Marks>>> = LazyLock::new(Mutex::default);

/// A job that does what its fields say and remembers it.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Probe {
    id: u64,
    /// The first attempts that fail.
    failures: u32,
    panics: bool,
    works_for_ms: u64,
}

impl Probe {
    fn new() -> Self {
        Self {
            id: rand::random(),
            ..Self::default()
        }
    }

    fn marks<T>(&self, read: impl FnOnce(&mut Marks) -> T) -> T {
        read(MARKS.lock().entry(self.id).or_default())
    }

    fn started(&self) -> u32 {
        self.marks(|marks| marks.started)
    }

    fn finished(&self) -> u32 {
        self.marks(|marks| marks.finished)
    }
}

/// Counts itself out when the job's future ends or is dropped.
struct Running(Probe);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.marks(|marks| marks.running -= 1);
    }
}

impl Job for Probe {
    const NAME: &'static str = "test.probe";
    const MAX_ATTEMPTS: u32 = 3;
    const TIMEOUT: Duration = Duration::from_secs(30);

    async fn run(self, _: App) -> anyhow::Result<()> {
        let started = self.marks(|marks| {
            marks.started += 1;
            marks.running += 1;
            marks.most_running = marks.most_running.max(marks.running);
            marks.started
        });
        let running = Running(self.clone());
        sleep(Duration::from_millis(self.works_for_ms)).await;
        if started <= self.failures {
            assert!(!self.panics, "deliberately");
            anyhow::bail!("failure number {started}");
        }
        drop(running);
        self.marks(|marks| marks.finished += 1);
        Ok(())
    }
}

/// A probe that may not take longer than a tenth of a second, nor more than one attempt.
#[derive(Serialize, Deserialize)]
struct Hasty(Probe);

impl Job for Hasty {
    const NAME: &'static str = "test.hasty";
    const MAX_ATTEMPTS: u32 = 1;
    const TIMEOUT: Duration = Duration::from_millis(100);

    async fn run(self, app: App) -> anyhow::Result<()> {
        self.0.run(app).await
    }
}

fn kinds() -> Vec<JobKind> {
    vec![JobKind::of::<Probe>(), JobKind::of::<Hasty>()]
}

struct Worker {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Worker {
    fn start(jobs: &Jobs) -> Self {
        Self::with_concurrency(jobs, 4)
    }

    fn with_concurrency(jobs: &Jobs, concurrency: usize) -> Self {
        let (jobs, stop) = (jobs.clone(), CancellationToken::new());
        let until = stop.clone();
        let task = tokio::spawn(async move { jobs.work(app(), kinds(), concurrency, until).await });
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !check().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "waited in vain: {what}");
}

async fn enqueue(jobs: &Jobs, probe: &Probe) {
    jobs.enqueue(probe, Enqueue::default()).await.unwrap();
}

async fn counted(jobs: &Jobs, expected: JobCounts) {
    eventually(&format!("{expected:?}"), async || {
        jobs.counts().await.unwrap() == expected
    })
    .await;
}

/// Statements of a test's own, in the words of both engines.
async fn execute(jobs: &Jobs, sqlite: &'static str, postgres: &'static str) {
    match &jobs.store.pool {
        Pool::Sqlite(pool) => drop(sqlx::query(sqlite).execute(pool).await.unwrap()),
        Pool::Postgres(pool) => drop(sqlx::query(postgres).execute(pool).await.unwrap()),
    }
}

#[tokio::test]
async fn refuses_two_kinds_of_one_name() {
    let jobs = TestStore::sqlite().open().await;
    let kinds = vec![JobKind::of::<Probe>(), JobKind::of::<Probe>()];
    let error = jobs
        .work(app(), kinds, 1, CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "two kinds of jobs are called test.probe");
}

#[test]
fn debug_shows_no_address() {
    let url = "postgres://user:secret@host/database".to_owned();
    assert_eq!(format!("{:?}", JobStore::Postgres { url }), "Postgres { .. }");
    assert!(
        format!(
            "{:?}",
            JobStore::Sqlite {
                path: PathBuf::from("a.db")
            }
        )
        .contains("a.db")
    );
}
