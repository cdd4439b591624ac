//! Changes behind the program's back.

use platform::{
    audit::Action,
    testing::{TestApp, TestDatabase, is_postgres},
};
use sea_orm::{ConnectionTrait as _, DbErr};

use super::{appended, complaint, verified};
use crate::{
    cli::run,
    support::{execute, value},
};

/// A trail of three events, on a database whose schema may be changed.
async fn three_events() -> TestApp {
    let app = TestApp::on(TestDatabase::unmigrated().await, selflink::instance(), &[]).await;
    for number in 1..=3 {
        appended(&app, &Action::new(&format!("test.{number}"))).await;
    }
    app
}

/// Whether the database takes a statement.
async fn is_taken(app: &TestApp, statement: &str) -> bool {
    let outcome: Result<(), DbErr> = app
        .app
        .db()
        .write(|tx| async move { tx.execute_unprepared(statement).await.map(drop) })
        .await;
    match outcome {
        Ok(()) => true,
        Err(error) => {
            assert!(error.to_string().contains("append-only"), "{statement}: {error}");
            false
        }
    }
}

/// Changes events past the triggers, as a superuser of the database can.
async fn tamper(app: &TestApp, statement: &str) {
    if is_postgres() {
        execute(app, "ALTER TABLE audit_events DISABLE TRIGGER USER").await;
    } else {
        for trigger in ["update", "delete"] {
            execute(
                app,
                &format!("DROP TRIGGER IF EXISTS audit_events_refuse_{trigger}"),
            )
            .await;
        }
    }
    execute(app, statement).await;
}

#[tokio::test]
async fn the_database_refuses_changes() {
    let app = three_events().await;
    for statement in [
        "UPDATE audit_events SET action = 'x'",
        "UPDATE audit_events SET actor_ip = NULL WHERE sequence = 2",
        "DELETE FROM audit_events",
        "DELETE FROM audit_events WHERE sequence = 3",
    ] {
        assert!(!is_taken(&app, statement).await, "{statement}");
    }
    let only_one_has = if is_postgres() {
        "TRUNCATE audit_events"
    } else {
        "INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events WHERE sequence = 2"
    };
    assert!(!is_taken(&app, only_one_has).await, "{only_one_has}");
    verified(&app.database()).await;
    app.stop().await;
}

#[tokio::test]
async fn a_changed_event_is_named() {
    for (change, wrong) in [
        ("action = 'x'", "hash_self is not the hash of its content"),
        ("object_id = '9'", "hash_self is not the hash of its content"),
        ("actor_user_id = 9", "hash_self is not the hash of its content"),
        (
            "metadata = '{\"a\":1}'",
            "hash_self is not the hash of its content",
        ),
        ("metadata = '{ }'", "metadata is not in its canonical form"),
        ("metadata = 'x'", "metadata is no JSON object"),
        ("hash_prev = 'x'", "hash_prev is not the hash of the event before"),
        (
            "created_at = '2020-01-01T00:00:00+00:00'",
            "created_at is not later than that of the event before",
        ),
    ] {
        let app = three_events().await;
        let id: String = value(&app, "SELECT id FROM audit_events WHERE sequence = 2").await;
        tamper(
            &app,
            &format!("UPDATE audit_events SET {change} WHERE sequence = 2"),
        )
        .await;
        let complaint = complaint(&app.database()).await;
        assert!(
            complaint.starts_with(&format!("CommandError: event 2 ({id}): {wrong}")),
            "{change}: {complaint}"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn missing_and_added_events_are_found() {
    for (change, wrong) in [
        (
            "DELETE FROM audit_events WHERE sequence = 2",
            "it follows event 1: what was between them is missing",
        ),
        (
            "DELETE FROM audit_events WHERE sequence = 1",
            "it follows event 0: what was between them is missing",
        ),
        (
            "DELETE FROM audit_events WHERE sequence = 3",
            "the head of the audit trail is event 3, but the last event is 2",
        ),
        ("DELETE FROM audit_head", "the head of the audit trail is missing"),
        (
            "UPDATE audit_head SET hash = 'x'",
            "event 3: the head of the audit trail is not this event as it is now",
        ),
        (
            "UPDATE audit_head SET sequence = 2",
            "the head of the audit trail is event 2, but the last event is 3",
        ),
    ] {
        let app = three_events().await;
        tamper(&app, change).await;
        let complaint = complaint(&app.database()).await;
        assert!(complaint.contains(wrong), "{change}: {complaint}");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_noted_hash_tells_that_the_end_was_cut_off_and_the_head_adjusted() {
    let app = three_events().await;
    let hash = async |sequence: i64| {
        value::<String>(
            &app,
            &format!("SELECT hash_self FROM audit_events WHERE sequence = {sequence}"),
        )
        .await
    };
    let (second, third) = (hash(2).await, hash(3).await);
    let database = app.database();
    for noted in [&second, &third, &third.to_uppercase()] {
        run(&database, &["verify-audit", "--head", noted])
            .await
            .succeeded();
    }
    tamper(&app, "DELETE FROM audit_events WHERE sequence = 3").await;
    execute(
        &app,
        "UPDATE audit_head SET sequence = 2, hash = (SELECT hash_self FROM audit_events WHERE sequence = 2), \
         created_at = (SELECT created_at FROM audit_events WHERE sequence = 2)",
    )
    .await;
    verified(&database).await;
    run(&database, &["verify-audit", "--head", &second])
        .await
        .succeeded();
    let complaint = run(&database, &["verify-audit", "--head", &third])
        .await
        .failed(1);
    assert!(
        complaint.starts_with(&format!("CommandError: {third} is not in the audit trail")),
        "{complaint}"
    );
    run(&database, &["verify-audit", "--head", "nonsense"])
        .await
        .failed(2);
    app.stop().await;
}
