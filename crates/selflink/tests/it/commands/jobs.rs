//! `selflink jobs`

use platform::jobs::Enqueue;
use serde_json::json;

use super::migrated;
use crate::{
    cli::run,
    support::{eventually, start},
};

#[tokio::test]
async fn dead_jobs_are_shown_and_run_again() {
    let app = start().await;
    let database = app.database();
    app.app
        .jobs()
        .enqueue_named("nobody.knows", json!({ "secret": "s3cret" }), Enqueue::default())
        .await
        .expect("is enqueued");
    let dead = eventually("the job is given up", async || {
        app.app.jobs().dead(1).await.expect("are read").pop()
    })
    .await;
    app.stop().await;
    let shown = run(&database, &["jobs"]).await.succeeded();
    let line = shown
        .lines()
        .find(|line| line.starts_with(&dead.id))
        .expect("the job is shown");
    assert!(
        shown.contains("dead 1")
            && line.contains("nobody.knows")
            && line.contains("no job of this worker is called"),
        "{shown}"
    );
    assert!(!shown.contains("s3cret"), "{shown}");
    assert_eq!(
        run(&database, &["jobs", "--retry", &dead.id]).await.succeeded(),
        format!("Job {} will run again.\n", dead.id)
    );
    let shown = run(&database, &["jobs"]).await.succeeded();
    assert!(
        shown.starts_with("pending ") && shown.contains("dead 0") && !shown.contains(&dead.id),
        "{shown}"
    );
}

#[tokio::test]
async fn there_is_nothing_to_repeat() {
    let database = migrated().await;
    assert_eq!(
        run(&database, &["jobs"]).await.succeeded(),
        "pending 0, running 0, dead 0, done 0\n"
    );
    assert_eq!(
        run(&database, &["jobs", "--retry", "nonsense"]).await.failed(1),
        "CommandError: there is no dead job nonsense\n"
    );
}
