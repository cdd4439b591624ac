//! Settings: what is printed of them, and what stops the start.

use std::path::Path;

use platform::testing::TestDatabase;
use serde_json::Value;

use crate::cli::{Finished, run, run_with};

/// The folder of the workspace.
fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[tokio::test]
async fn settings_in_force_are_shown_and_secrets_are_not() {
    let settings = [
        ("SECRET_KEY", "s3cret-1"),
        ("JWT_SIGNING_KEY", "s3cret-2"),
        (
            "DATABASE_URL",
            "postgres://selflink:s3cret-3@db.internal/selflink",
        ),
        ("REDIS_URL", "redis://:s3cret-4@redis.internal:6379/0"),
        ("METRICS_TOKEN", "s3cret-5"),
        ("ADMIN_PASSWORD", "s3cret-6"),
        ("S3_SECRET_ACCESS_KEY", "s3cret-7"),
        ("S3_ACCESS_KEY_ID", "s3cret-8"),
        ("AUTH_RPS_IP", "9"),
        ("DJANGO_ALLOWED_HOSTS", "a.example"),
    ];
    let shown = run_with(&["config"], &settings).await.succeeded();
    assert!(!shown.contains("s3cret"), "{shown}");
    for line in [
        "SECRET_KEY=********",
        "DATABASE_URL=postgres://selflink:********@db.internal/selflink",
        "ADMIN_PASSWORD=********",
        "AUTH_RPS_IP=9",
        "ALLOWED_HOSTS=a.example",
        "JWT_ACCESS_MINUTES=15  # default",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line} is not in:\n{shown}"
        );
    }
    // The published default of the administrator's password is one all the same.
    assert!(
        !run_with(&["config"], &[])
            .await
            .succeeded()
            .contains("selflinkAdmin123")
    );
}

#[tokio::test]
async fn the_reference_page_is_up_to_date() {
    let page = run_with(&["config", "--markdown"], &[]).await.succeeded();
    let kept = std::fs::read_to_string(workspace().join("docs/configuration.md")).expect("the page is there");
    assert!(
        page == kept,
        "run `selflink config --markdown > docs/configuration.md`"
    );
}

#[tokio::test]
async fn the_description_of_the_api_is_printed() {
    let printed: Value =
        serde_json::from_str(&run_with(&["openapi"], &[]).await.succeeded()).expect("is JSON");
    let api = platform::http::openapi(&selflink::domains())
        .to_json()
        .expect("is JSON");
    assert_eq!(printed, serde_json::from_str::<Value>(&api).expect("is JSON"));
}

#[tokio::test]
async fn a_file_in_the_working_folder_sets_what_the_environment_does_not() {
    let database = TestDatabase::create().await;
    std::fs::write(
        database.folder().join(".env"),
        "JWT_REFRESH_DAYS=3\nLOG_LEVEL=error\n",
    )
    .expect("is written");
    let shown = run(&database, &["config"]).await.succeeded();
    assert!(
        shown.contains("JWT_REFRESH_DAYS=3\n") && shown.contains("LOG_LEVEL=warn\n"),
        "{shown}"
    );
}

fn complaint(finished: Finished) -> String {
    let complaint = finished.failed(1);
    assert!(complaint.starts_with("CommandError: "), "{complaint}");
    complaint
}

#[tokio::test]
async fn every_invalid_setting_is_named_whatever_was_to_run() {
    let wrong = [
        ("JWT_ACCESS_MINUTES", "soon"),
        ("THROTTLE_IP_RATE", "many"),
        ("TRUSTED_PROXIES", "everybody"),
        ("STORAGE_BACKEND", "cloud"),
        ("ID_LAYOUT", "tiny"),
        ("DATABASE_URL", "nonsense"),
        ("ENVIRONMENT", "staging"),
        ("AUTH_RPS_IP", "few"),
    ];
    for command in [
        &["config"][..],
        &["api"],
        &["serve"],
        &["worker"],
        &["migrate"],
        &["seed-demo"],
    ] {
        let complaint = complaint(run_with(command, &wrong).await);
        for (name, _) in wrong {
            assert!(
                complaint.contains(&format!("{name} must ")),
                "{command:?} does not name {name}: {complaint}"
            );
        }
    }
}

#[tokio::test]
async fn settings_that_contradict_each_other() {
    for (settings, text) in [
        (
            &[("STORAGE_BACKEND", "s3"), ("S3_BUCKET", "b")][..],
            "STORAGE_BACKEND=s3 requires: S3_ENDPOINT, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY",
        ),
        (
            &[("REALTIME_JWT_SECRET", "unsafe-realtime-secret")],
            "which everybody knows",
        ),
        (&[("SECRET_KEY", "")], "SECRET_KEY is empty"),
        (
            &[
                ("RUNNING_IN_DOCKER", "true"),
                ("DATABASE_URL", "postgres://u:s3cret@localhost/x"),
            ],
            "DATABASE_URL points to localhost inside Docker. Use Docker hostnames like pgbouncer or postgres instead.",
        ),
    ] {
        let complaint = complaint(run_with(&["api", "--bind", "127.0.0.1:0"], settings).await);
        assert!(
            complaint.contains(text) && !complaint.contains("s3cret"),
            "{complaint}"
        );
    }
}

const PRODUCTION: [(&str, &str); 5] = [
    ("ENVIRONMENT", "production"),
    ("SECRET_KEY", "kYq8vV2n0u7cJxw3R5tZ9aLd4mBf6hGs"),
    ("ALLOWED_HOSTS", "api.example.org"),
    ("DATABASE_URL", "postgres://selflink@pgbouncer/selflink"),
    ("REDIS_URL", "redis://redis:6379/0"),
];

#[tokio::test]
async fn production_starts_only_with_settings_of_its_own() {
    run_with(&["config"], &PRODUCTION).await.succeeded();
    let bare = complaint(run_with(&["serve"], &[("ENVIRONMENT", "production"), ("DEBUG", "true")]).await);
    for name in ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "DEBUG"] {
        assert!(bare.contains(name), "{name} is not named: {bare}");
    }
    for (name, value) in [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "unsafe-secret-key-that-is-long-enough-1"),
        ("JWT_SIGNING_KEY", "short"),
        ("REALTIME_JWT_SECRET", "short"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", ""),
        ("ALLOWED_HOSTS", "api.example.org, 10.0.2.2"),
        ("DATABASE_URL", "postgres://u@127.0.0.1/x"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", "redis://localhost:6379/0"),
        ("PUBSUB_REDIS_URL", "redis://[::1]:6379/0"),
        ("REALTIME_REDIS_URL", "redis://[::1]:6379/0"),
        ("DJANGO_DEBUG", "True"),
    ] {
        let mut settings = PRODUCTION.to_vec();
        settings.push((name, value));
        let complaint = complaint(run_with(&["api"], &settings).await);
        let named = name.trim_start_matches("DJANGO_");
        assert!(
            complaint.lines().all(|line| line.contains(named)),
            "{name}={value}: {complaint}"
        );
    }
}

#[tokio::test]
async fn wrong_usage_is_told_apart_from_failure() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["serve", "--nonsense"],
        &["api", "--bind", "nowhere"],
        &["check-media"],
        &["check-media-path"],
        &["apply"],
        &["apply", "[]", "[]"],
        &["bootstrap-admin", "--email"],
        &["worker", "--bind", "127.0.0.1:0"],
    ] {
        let complaint = run_with(arguments, &[]).await.failed(2);
        assert!(complaint.contains("--help"), "{arguments:?}: {complaint}");
    }
    for asked in ["--help", "help"] {
        let help = run_with(&[asked], &[]).await.succeeded();
        for command in [
            "serve",
            "api",
            "stream",
            "realtime",
            "worker",
            "scheduler",
            "migrate",
            "config",
            "openapi",
            "apply",
            "bootstrap-admin",
            "seed-demo",
            "load-fixtures",
            "check-media",
            "storage-status",
            "jobs",
        ] {
            assert!(
                help.contains(&format!("\n  {command} ")),
                "{command} is not in the help:\n{help}"
            );
        }
    }
    assert!(
        run_with(&["--version"], &[])
            .await
            .succeeded()
            .starts_with("selflink ")
    );
}
