//! Jobs that run when the process ends.

use std::sync::atomic::{AtomicU32, Ordering};

use platform::{
    App, Domain,
    jobs::{Enqueue, Job, JobKind},
    process::Instance,
    testing::{TestApp, TestDatabase},
};
use serde::{Deserialize, Serialize};

use crate::support::eventually;

/// How often the job has begun; one test looks at it.
static BEGUN: AtomicU32 = AtomicU32::new(0);

/// Never ends at its first attempt.
#[derive(Serialize, Deserialize)]
struct Linger {}

impl Job for Linger {
    const NAME: &'static str = "probe.linger";

    async fn run(self, _: App) -> anyhow::Result<()> {
        if BEGUN.fetch_add(1, Ordering::SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

fn instance() -> Instance {
    let mut instance = selflink::instance();
    instance.domains.push(Domain {
        name: "probe",
        settings: Vec::new(),
        routes: Vec::new,
        migrations: Vec::new,
        jobs: vec![JobKind::of::<Linger>()],
        schedules: Vec::new(),
        subscriptions: Vec::new(),
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    });
    instance
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_does_not_end_is_handed_back_and_runs_at_the_next_start() {
    let database = TestDatabase::create().await;
    let app = TestApp::on(database.clone(), instance(), &[]).await;
    let jobs = app.app.jobs();
    jobs.enqueue(&Linger {}, Enqueue::default())
        .await
        .expect("is enqueued");
    eventually("the job begins", async || {
        (BEGUN.load(Ordering::SeqCst) == 1).then_some(())
    })
    .await;
    app.stop().await;
    assert_eq!(
        BEGUN.load(Ordering::SeqCst),
        1,
        "nobody took it while it was running"
    );
    let again = TestApp::on(database, instance(), &[]).await;
    eventually("the job has run again", async || {
        let counts = again.app.jobs().counts().await.expect("the jobs are counted");
        (BEGUN.load(Ordering::SeqCst) == 2 && counts.running + counts.pending == 0).then_some(())
    })
    .await;
    assert!(again.app.jobs().dead(10).await.expect("is asked").is_empty());
    again.stop().await;
}
