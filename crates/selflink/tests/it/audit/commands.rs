//! What commands leave in the trail.

use platform::testing::{TestApp, TestDatabase};
use serde_json::{Value, json};

use super::{events, verified};
use crate::{
    cli::{run, run_told},
    support::{PASSWORD, TestUser, staff, start, user_called, value},
};

/// The events of the trail, as action, object and metadata, oldest first.
async fn trail(boss: &TestUser) -> Vec<Value> {
    events(boss)
        .await
        .iter()
        .map(|event| {
            json!([
                event["action"],
                event["object_type"],
                event["object_id"],
                event["metadata"]
            ])
        })
        .collect()
}

async fn migrated() -> TestDatabase {
    let database = TestDatabase::create().await;
    run(&database, &["migrate"]).await.succeeded();
    database
}

/// An instance that looks at what commands have left, once it has all arrived.
async fn look(database: &TestDatabase) -> (TestApp, TestUser) {
    let app = TestApp::on(database.clone(), selflink::instance(), &[]).await;
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM outbox WHERE name = 'platform.action'").await,
        0
    );
    let boss = staff(&app).await;
    (app, boss)
}

async fn signs_in(app: &TestApp, email: &str, password: &str) -> bool {
    let credentials = json!({ "email": email, "password": password });
    app.client().post("auth/login/", &credentials).await.status == 200
}

#[tokio::test]
async fn steps_leave_their_entries_without_values() {
    let app = start().await;
    let (ann, database) = (user_called(&app, "ann").await, app.database());
    app.stop().await;
    let document = json!([
        { "user": { "email": "ann@example.com", "is_staff": true, "groups": ["readers"] } },
        { "flag": { "key": "new", "enabled": true, "rollout": 12.5 } },
        { "deactivate": { "user_id": ann.id } },
    ]);
    run(&database, &["apply", &document.to_string()])
        .await
        .succeeded();
    let (app, boss) = look(&database).await;
    let id = ann.id.to_string();
    assert_eq!(
        trail(&boss).await,
        [
            json!(["identity.user_changed", "user", id, { "is_staff": true, "groups": ["readers"] }]),
            json!(["apply.user", "user", id, { "fields": ["email", "groups", "is_staff"] }]),
            json!(["platform.flag_set", "feature_flag", "new", { "enabled": true, "rollout_hundredths": 1250 }]),
            json!(["apply.flag", "flag", "", { "fields": ["enabled", "key", "rollout"] }]),
            json!(["identity.user_deactivated", "user", id, {}]),
            json!(["apply.deactivate", "deactivate", "", { "fields": ["user_id"] }]),
        ]
    );
    verified(&database).await;
    app.stop().await;
}

#[tokio::test]
async fn a_document_that_is_refused_leaves_nothing() {
    let app = start().await;
    let (ann, database) = (user_called(&app, "ann").await, app.database());
    app.stop().await;
    let document =
        json!([{ "user": { "id": ann.id, "is_staff": true } }, { "user": { "handle": "nobody" } }]);
    run(&database, &["apply", &document.to_string()]).await.failed(1);
    let (app, boss) = look(&database).await;
    assert_eq!(trail(&boss).await, Vec::<Value>::new());
    app.stop().await;
}

#[tokio::test]
async fn calls_that_change_something_are_written_down_and_others_are_not() {
    let database = migrated().await;
    for reading in [
        &["config"][..],
        &["openapi"],
        &["jobs"],
        &["storage-status"],
        &["verify-audit"],
    ] {
        run(&database, reading).await.succeeded();
    }
    run(&database, &["check-media", "--path", "x"]).await.failed(1);
    run(&database, &["jobs", "--retry", "nonsense"]).await.failed(1);
    run(&database, &["load_fixtures", "--path", "nowhere"])
        .await
        .failed(1);
    run(&database, &["seed-demo"]).await.succeeded();
    let (app, boss) = look(&database).await;
    assert_eq!(
        trail(&boss).await,
        [
            json!(["command.migrate", "command", "migrate", { "options": [] }]),
            json!(["command.jobs", "command", "jobs", { "options": ["retry"] }]),
            json!(["command.load-fixtures", "command", "load-fixtures", { "options": ["path"] }]),
            json!(["command.seed-demo", "command", "seed-demo", { "options": [] }]),
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn administrators_are_on_record_and_their_passwords_are_not() {
    let database = migrated().await;
    let arguments = [
        "bootstrap-admin",
        "--email",
        "boss@example.com",
        "--password",
        "let-me-in-1",
    ];
    run(&database, &arguments).await.succeeded();
    run(&database, &arguments).await.succeeded();
    let (app, boss) = look(&database).await;
    let trail = trail(&boss).await;
    let call = json!(["command.bootstrap-admin", "command", "bootstrap-admin", { "options": ["email", "password"] }]);
    let granted =
        |is_new: bool| json!(["identity.superuser_granted", "user", trail[2][2], { "is_new": is_new }]);
    assert_eq!(
        trail[1..],
        [call.clone(), granted(true), call.clone(), granted(false)]
    );
    let all = Value::from(trail.clone()).to_string();
    assert!(!all.contains("let-me-in") && !all.contains("boss@"), "{all}");
    app.stop().await;
}

#[tokio::test]
async fn superusers_are_made_once() {
    let database = migrated().await;
    let settings = [
        ("DJANGO_SUPERUSER_EMAIL", "root@example.com"),
        ("DJANGO_SUPERUSER_PASSWORD", "from-the-environment"),
    ];
    let printed = run_told(&database, &["createsuperuser", "--noinput"], &settings, "").await;
    assert_eq!(printed.succeeded(), "Created superuser root@example.com\n");
    let given = [
        "createsuperuser",
        "--email",
        "two@example.com",
        "--password",
        "given-password",
        "--name",
        "Two",
    ];
    run_told(&database, &given, &settings, "").await.succeeded();
    for (arguments, complaint) in [
        (&given[..], "user with this email already exists."),
        (&["createsuperuser", "--noinput"], "the address is missing"),
        (&["createsuperuser"], "the address is missing"),
        (
            &["createsuperuser", "--email", "x@example.com"],
            "the password is missing",
        ),
        (
            &["createsuperuser", "--email", "x", "--password", "long-enough"],
            "no e-mail address",
        ),
        (
            &[
                "createsuperuser",
                "--email",
                "x@example.com",
                "--password",
                "short",
            ],
            "Ensure this field has at least 8 characters.",
        ),
    ] {
        let refused = run(&database, arguments).await.failed(1);
        assert!(
            refused.starts_with("CommandError: ")
                && refused.contains(complaint)
                && !refused.contains("short"),
            "{arguments:?}: {refused}"
        );
    }
    let (app, boss) = look(&database).await;
    assert!(signs_in(&app, "root@example.com", "from-the-environment").await);
    assert!(signs_in(&app, "two@example.com", "given-password").await);
    assert_eq!(
        value::<i64>(
            &app,
            "SELECT count(*) FROM users WHERE is_staff AND is_superuser AND is_active"
        )
        .await,
        2
    );
    let granted = trail(&boss)
        .await
        .iter()
        .filter(|event| event[0] == "identity.superuser_granted")
        .count();
    assert_eq!(granted, 2);
    app.stop().await;
}

#[tokio::test]
async fn a_changed_password_ends_the_sessions() {
    let app = start().await;
    let (ann, database) = (user_called(&app, "ann").await, app.database());
    for (name, password) in [
        ("ANN@example.com", "by-the-address-1"),
        ("ann", "by-the-handle-1"),
        (&ann.id.to_string(), "by-the-id-1"),
    ] {
        let change = ["changepassword", name, "--stdin"];
        let printed = run_told(&database, &change, &[], &format!("{password}\nnot this\n"))
            .await
            .succeeded();
        assert!(
            printed.starts_with("The password of ann was changed; sessions ended: "),
            "{printed}"
        );
        ann.client.get("users/me/").await.expect(401);
        assert!(signs_in(&app, &ann.email, password).await, "{name}");
    }
    assert!(!signs_in(&app, &ann.email, PASSWORD).await);
    for (arguments, stdin, complaint) in [
        (
            &["changepassword", "nobody", "--stdin"][..],
            "long-enough\n",
            "there is no such account",
        ),
        (
            &["changepassword", "ann", "--stdin"],
            "short\n",
            "at least 8 characters",
        ),
        (
            &["changepassword", "ann", "--stdin"],
            "",
            "the password is refused",
        ),
        (
            &["changepassword", "ann"],
            "long-enough\n",
            "there is no terminal to ask on",
        ),
    ] {
        let refused = run_told(&database, arguments, &[], stdin).await.failed(1);
        assert!(
            refused.starts_with("CommandError: ") && refused.contains(complaint),
            "{arguments:?}: {refused}"
        );
    }
    assert!(signs_in(&app, &ann.email, "by-the-id-1").await);
    app.stop().await;
    let (app, boss) = look(&database).await;
    let changed: Vec<Value> = trail(&boss)
        .await
        .into_iter()
        .filter(|event| event[0] == "identity.password_changed")
        .collect();
    let entry = json!(["identity.password_changed", "user", ann.id.to_string(), { "sessions_ended": 1 }]);
    assert_eq!(changed, [entry.clone(), entry.clone(), entry]);
    app.stop().await;
}

#[tokio::test]
async fn the_commands_say_where_a_password_goes() {
    for command in ["createsuperuser", "changepassword"] {
        let help = crate::cli::run_with(&[command, "--help"], &[]).await.succeeded();
        assert!(help.contains("not into the audit trail"), "{help}");
    }
}
