//! What must hold after all the kills.

use std::collections::{BTreeMap, BTreeSet};

use identity::{UserChanged, UserDeleted, UserRegistered};
use platform::{outbox::DomainEvent as _, testing::TestApp};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;

use super::traffic::{Account, Writer, profile};
use crate::{
    outbox::all_events_are_delivered,
    support::{PASSWORD, eventually},
};

/// Checks everything; panics at the first thing that does not hold.
pub async fn check(app: &TestApp, mut writers: Vec<Writer>) {
    for writer in &mut writers {
        let settled = writer.settle_refreshes(&app.client()).await;
        assert!(settled.is_ok(), "the server answers now");
    }
    whoever_left_is_gone(app, &writers).await;
    nothing_is_half_written(app).await;
    every_event_arrives(app).await;
    let changes = deliveries(app, UserChanged::NAME).await;
    for account in writers.iter().flat_map(|writer| &writer.accounts) {
        acknowledged_writes_are_there(app, account).await;
        let delivered = changes.get(&account.id).copied().unwrap_or(0);
        assert!(
            delivered >= account.changes,
            "{}: {delivered} changes were told of, {} acknowledged",
            account.handle,
            account.changes
        );
    }
}

async fn nothing_is_half_written(app: &TestApp) {
    let lonely = "SELECT (SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM user_settings s WHERE s.user_id = u.id)) \
         + (SELECT count(*) FROM user_settings s WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = s.user_id)) \
         + (SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id)) AS n, 0 AS m";
    assert_eq!(
        numbers(app, lonely).await,
        [(0, 0)],
        "accounts without settings or session"
    );
    let miscounted = "SELECT u.id AS n, u.following_count AS m FROM users u \
         WHERE u.following_count <> (SELECT count(*) FROM follows f WHERE f.follower_id = u.id) \
         OR u.followers_count <> (SELECT count(*) FROM follows f WHERE f.followee_id = u.id)";
    assert_eq!(
        numbers(app, miscounted).await,
        [],
        "accounts whose counters are wrong"
    );
}

async fn every_event_arrives(app: &TestApp) {
    all_events_are_delivered(app).await;
    let told: BTreeSet<i64> = deliveries(app, UserRegistered::NAME).await.into_keys().collect();
    // Also of accounts whose registration was not answered.
    let mut users: BTreeSet<i64> = numbers(app, "SELECT id AS n, 0 AS m FROM users")
        .await
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    users.extend(deliveries(app, UserDeleted::NAME).await.into_keys());
    assert_eq!(told, users, "accounts whose registration was told of");
}

/// Deletions that were acknowledged happen, and any that was begun is finished.
async fn whoever_left_is_gone(app: &TestApp, writers: &[Writer]) {
    eventually("the last deletion", async || {
        let open = "SELECT count(*) AS n, 0 AS m FROM users WHERE deletion_requested_at IS NOT NULL";
        (numbers(app, open).await == [(0, 0)]).then_some(())
    })
    .await;
    for id in writers.iter().flat_map(|writer| &writer.left) {
        let left = format!("SELECT count(*) AS n, 0 AS m FROM users WHERE id = {id}");
        assert_eq!(numbers(app, &left).await, [(0, 0)], "{id} is still there");
    }
}

async fn acknowledged_writes_are_there(app: &TestApp, account: &Account) {
    let credentials = json!({ "email": account.email, "password": PASSWORD });
    let signed_in = app.client().post("auth/login/", &credentials).await.expect(200);
    let user = &signed_in["user"];
    assert_eq!(user["id"], account.id);
    let number: u32 = match user["bio"].as_str() {
        Some("") => 0,
        Some(bio) => bio.parse().expect("a number"),
        None => panic!("no bio: {user}"),
    };
    assert!(
        (account.held..=account.sent).contains(&number),
        "{}: change {number} is there, {} was acknowledged and {} sent",
        account.handle,
        account.held,
        account.sent
    );
    if number > 0 {
        let whole = profile(number);
        assert_eq!(user["name"], whole["name"], "{user}");
        assert_eq!(
            user["settings"]["language"], whole["settings"]["language"],
            "{user}"
        );
        assert_eq!(
            user["settings"]["quiet_hours"], whole["settings"]["quiet_hours"],
            "{user}"
        );
    }
    let followed = format!(
        "SELECT followee_id AS n, 0 AS m FROM follows WHERE follower_id = {}",
        account.id
    );
    ties_are_there(app, account, &followed, &account.follows).await;
    let muted = format!(
        "SELECT target_id AS n, 0 AS m FROM mutes WHERE user_id = {}",
        account.id
    );
    ties_are_there(app, account, &muted, &account.mutes).await;
    let refreshed = app
        .client()
        .post("auth/refresh/", &json!({ "refresh": account.refresh }))
        .await
        .expect(200);
    let token = refreshed["token"].as_str().expect("a token");
    app.client().with_token(token).get("users/me/").await.expect(200);
}

async fn ties_are_there(app: &TestApp, account: &Account, query: &str, known: &BTreeMap<i64, Option<bool>>) {
    let stored: BTreeSet<i64> = numbers(app, query).await.into_iter().map(|(id, _)| id).collect();
    for (other, is_tied) in known {
        if let Some(is_tied) = is_tied {
            let handle = &account.handle;
            assert_eq!(stored.contains(other), *is_tied, "{handle} and {other}: {query}");
        }
    }
    assert!(
        stored.iter().all(|other| known.contains_key(other)),
        "{} is tied to whom it never was: {query}",
        account.handle
    );
}

/// How many events of this name arrived, by user.
async fn deliveries(app: &TestApp, name: &str) -> BTreeMap<i64, i64> {
    let text = format!(
        "SELECT user_id AS n, count(*) AS m FROM probe_deliveries WHERE name = '{name}' GROUP BY user_id"
    );
    numbers(app, &text).await.into_iter().collect()
}

/// The columns `n` and `m` of a query.
async fn numbers(app: &TestApp, text: &str) -> Vec<(i64, i64)> {
    let db = app.app.db();
    let rows = db
        .reader()
        .query_all_raw(Statement::from_string(db.engine().backend(), text))
        .await
        .expect("the query runs");
    rows.iter()
        .map(|row| {
            let m = row
                .try_get::<i64>("", "m")
                .or_else(|_| row.try_get::<i32>("", "m").map(i64::from));
            (row.try_get("", "n").expect("a number"), m.expect("a number"))
        })
        .collect()
}
