//! The audit trail: what reaches it, what it shows, and that nobody changes it unseen.

mod api;
mod chain;
mod commands;
mod kill;
mod tampering;

use audit::append;
use platform::{
    audit::Action,
    testing::{TestApp, TestDatabase},
};
use sea_orm::DbErr;
use serde_json::Value;

use crate::{
    cli::run,
    support::{TestUser, eventually, value},
};

/// Appends an action in a transaction of its own.
async fn appended(app: &TestApp, action: &Action) {
    let written: Result<(), DbErr> = app
        .app
        .db()
        .write(|tx| async move { append(&tx, action, None).await })
        .await;
    written.expect("is appended");
}

/// Writes an action to the outbox.
async fn told(app: &TestApp, action: &Action) {
    let written: Result<(), DbErr> = app
        .app
        .db()
        .write(|tx| async move { tx.append(action).await })
        .await;
    written.expect("is written");
}

/// Waits until the trail has this many events.
async fn events_are(app: &TestApp, count: i64) {
    eventually("the events", async || {
        (value::<i64>(app, "SELECT count(*) FROM audit_events").await >= count).then_some(())
    })
    .await;
    assert_eq!(
        value::<i64>(app, "SELECT count(*) FROM audit_events").await,
        count
    );
}

/// All events, oldest first, as staff sees them.
async fn events(staff: &TestUser) -> Vec<Value> {
    let (mut next, mut all) = ("audit/events/?page_size=100".to_owned(), Vec::new());
    loop {
        let page = staff.client.get(&next).await.expect(200);
        all.extend(page["results"].as_array().expect("a list").iter().cloned());
        match page["next"].as_str() {
            Some(link) => link.clone_into(&mut next),
            None => break,
        }
    }
    all.reverse();
    all
}

/// What `verify-audit` prints on an intact trail.
async fn verified(database: &TestDatabase) -> String {
    run(database, &["verify-audit"]).await.succeeded()
}

/// What `verify-audit` complains of.
async fn complaint(database: &TestDatabase) -> String {
    run(database, &["verify-audit"]).await.failed(1)
}
