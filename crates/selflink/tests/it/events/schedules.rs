//! Periodic jobs.

use chrono::Duration;
use platform::testing::TestApp;

use super::domain::{deliveries, instance_noting, new_run};
use crate::support::{eventually, value};

/// Waits until nothing is under way any more: no event, no job.
async fn settled(app: &TestApp) {
    eventually("everything settles", async || {
        let waiting = value::<i64>(app, "SELECT count(*) FROM outbox").await;
        let jobs = app.app.jobs().counts().await.expect("are counted");
        (waiting == 0 && jobs.pending == 0 && jobs.running == 0).then_some(())
    })
    .await;
}

/// How often the job of a run has run, once it is this often and nothing is under way.
async fn ran(app: &TestApp, run: &str, times: usize) -> usize {
    eventually("the job runs", async || {
        (deliveries(run).len() >= times).then_some(())
    })
    .await;
    settled(app).await;
    deliveries(run).len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slot_that_comes_runs_its_job_once_however_many_schedulers_there_are() {
    let run = new_run();
    let one = TestApp::start(instance_noting(&run)).await;
    let two = TestApp::on(one.database(), instance_noting(&run), &[]).await;
    // The last noon was less than a day ago.
    assert_eq!(ran(&one, &run, 1).await, 1);
    for day in 1..=2 {
        one.advance(Duration::days(1));
        two.advance(Duration::days(1));
        assert_eq!(ran(&one, &run, day + 1).await, day + 1);
    }
    // Slots that nobody was there for are not made up for, but the latest is.
    one.advance(Duration::days(10));
    two.advance(Duration::days(10));
    assert_eq!(ran(&one, &run, 4).await, 4);
    two.stop().await;
    one.stop().await;
}

#[tokio::test]
async fn a_scheduler_that_ends_leaves_the_lead_to_another() {
    let run = new_run();
    let one = TestApp::start(instance_noting(&run)).await;
    assert_eq!(ran(&one, &run, 1).await, 1);
    let two = TestApp::on(one.database(), instance_noting(&run), &[]).await;
    let leader = "SELECT count(*) FROM leaders";
    assert_eq!(value::<i64>(&one, leader).await, 1);
    let holder: String = value(&one, "SELECT holder FROM leaders").await;
    one.stop().await;
    let next = eventually("the lead is taken", async || {
        match value::<i64>(&two, leader).await {
            0 => None,
            _ => Some(value::<String>(&two, "SELECT holder FROM leaders").await),
        }
    })
    .await;
    assert_ne!(holder, next);
    two.advance(Duration::days(1));
    assert_eq!(ran(&two, &run, 2).await, 2);
    two.stop().await;
}

#[tokio::test]
async fn a_restart_does_not_run_a_slot_again() {
    let run = new_run();
    let app = TestApp::start(instance_noting(&run)).await;
    assert_eq!(ran(&app, &run, 1).await, 1);
    let database = app.database();
    app.stop().await;
    let app = TestApp::on(database, instance_noting(&run), &[]).await;
    eventually("the scheduler leads", async || {
        (value::<i64>(&app, "SELECT count(*) FROM leaders").await == 1).then_some(())
    })
    .await;
    settled(&app).await;
    assert_eq!(deliveries(&run).len(), 1);
    app.stop().await;
}
