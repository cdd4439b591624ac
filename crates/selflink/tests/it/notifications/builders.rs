//! Posts, comments and notes in one line each.

use ::notifications::{Kind, Note, notify};
use chrono::Timelike as _;
use platform::{id::UserId, outbox::DomainEvent, testing::TestApp};
use sea_orm::DbErr;
use serde_json::{Value, json};

use crate::{
    mails::post::all_is_done,
    support::{TestUser, execute},
};

/// Stores a post, without telling of it.
pub async fn post(app: &TestApp, author: &TestUser, visibility: &str, text: &str) -> i64 {
    let id = app.app.db().ids().next();
    let now = moment(app);
    execute(
        app,
        &format!(
            "INSERT INTO posts (id, author_id, text, visibility, language, created_at, updated_at) \
             VALUES ({id}, {}, '{text}', '{visibility}', 'en', '{now}', '{now}')",
            author.id
        ),
    )
    .await;
    id
}

/// Stores a comment, without telling of it.
pub async fn comment(app: &TestApp, author: &TestUser, post: i64, parent: Option<i64>, text: &str) -> i64 {
    let id = app.app.db().ids().next();
    let now = moment(app);
    let parent = parent.map_or("NULL".to_owned(), |parent| parent.to_string());
    execute(
        app,
        &format!(
            "INSERT INTO comments (id, post_id, author_id, parent_id, text, created_at, updated_at) \
             VALUES ({id}, {post}, {}, {parent}, '{text}', '{now}', '{now}')",
            author.id
        ),
    )
    .await;
    id
}

fn moment(app: &TestApp) -> String {
    app.app.clock().now().to_rfc3339()
}

/// Tells of something that happened, and waits until everybody who listens has done what they do.
pub async fn happens<E: DomainEvent>(app: &TestApp, event: E) {
    append(app, &event).await;
    all_is_done(app).await;
}

/// Tells of something that happened.
pub async fn append<E: DomainEvent>(app: &TestApp, event: &E) {
    let written = app.app.db().write(|tx| async move { tx.append(event).await });
    written.await.unwrap_or_else(|error: DbErr| panic!("{error}"));
}

/// Tells people of something that `actor` did, under this key; how many were told.
pub async fn tell(app: &TestApp, kind: Kind, actor: &TestUser, recipients: &[&TestUser], key: &str) -> usize {
    let note = &Note {
        kind,
        recipients: recipients.iter().map(|user| UserId(user.id)).collect(),
        actor_id: Some(UserId(actor.id)),
        payload: json!({ "actor_id": actor.id, "actor_name": "Ann", "text": "Hello" }),
        alert: None,
        key: key.to_owned(),
        subjects: vec![format!("test:{key}")],
        revision: 1,
    };
    let told = app.app.db().write(|tx| async move { notify(&tx, note).await });
    told.await.unwrap_or_else(|error: DbErr| panic!("{error}"))
}

/// The list of somebody's notifications.
pub async fn listed(user: &TestUser) -> Vec<Value> {
    let page = user.client.get("notifications/?page_size=100").await.expect(200);
    page["results"].as_array().expect("is a list").clone()
}

/// How many notifications somebody has not read, as the counter says.
pub async fn unread(user: &TestUser) -> i64 {
    let answer = user.client.get("notifications/unread-count/").await.expect(200);
    answer["unread_count"].as_i64().expect("a number")
}

/// The only notification of somebody: its type and payload.
pub async fn only(user: &TestUser) -> (String, Value) {
    let list = listed(user).await;
    assert_eq!(list.len(), 1, "{list:?}");
    let kind = list[0]["type"].as_str().expect("a text").to_owned();
    (kind, list[0]["payload"].clone())
}

/// Runs a background job now and waits for its end.
pub async fn run_job(app: &TestApp, name: &str) {
    let jobs = app.app.jobs();
    jobs.enqueue_named(name, json!({}), platform::jobs::Enqueue::default())
        .await
        .expect("is enqueued");
    all_is_done(app).await;
}

/// Quiet hours from an hour ago to an hour from now, of somebody for whom it is afternoon: no time for summaries.
pub fn quiet_now(app: &TestApp) -> Value {
    let minute = app.app.clock().now().minute();
    json!({
        "start": format!("14:{minute:02}"), "end": format!("16:{minute:02}"), "timezone": zone_at(app, 15),
    })
}

/// A time zone in which it is this hour now.
pub fn zone_at(app: &TestApp, hour: i64) -> String {
    let now = i64::from(app.app.clock().now().hour());
    let ahead = (hour - now + 12).rem_euclid(24) - 12;
    // The signs of these zones are those of POSIX.
    match ahead {
        0 => "Etc/GMT".to_owned(),
        1.. => format!("Etc/GMT-{ahead}"),
        _ => format!("Etc/GMT+{}", -ahead),
    }
}

/// Changes the settings of somebody's account.
pub async fn set(user: &TestUser, settings: Value) {
    let body = json!({ "settings": settings });
    user.client.patch("users/me/", &body).await.expect(200);
}
