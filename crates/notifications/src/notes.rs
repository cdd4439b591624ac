//! Telling people of something, and taking it back.
//!
//! Of one thing people are told once: a note has a key, and the database keeps one row per person and key. What was taken
//! back leaves its row behind, empty and out of sight, so that whoever takes something back and does it again is not
//! announced again and again by push and mail. Events may arrive late and twice: a row knows the event that it stands for,
//! and older ones change nothing.

use std::collections::HashMap;

use platform::{db::Tx, id::UserId};
use sea_orm::{ConnectionTrait as _, DbErr, Statement, Value};
use serde::{Deserialize, Serialize};

use crate::{
    counters,
    events::{Notified, Told, UnreadChanged},
    kinds::{Kind, Ways},
    preferences,
    statements::{execute, list, rows, users},
};

/// What the subjects of posts begin with; their ids follow.
pub const POST: &str = "post:";
/// People who are told in one statement.
const CHUNK: usize = 500;

/// What people are told of.
#[derive(Debug, Clone)]
pub struct Note {
    /// What it is; it decides which preferences count.
    pub kind: Kind,
    /// Whom to tell. The actor, those whom a block separates from the actor, and accounts that are gone are left out;
    /// whoever has muted the actor finds it in the list only.
    pub recipients: Vec<UserId>,
    /// Whose act it was. With that account the notification goes.
    pub actor_id: Option<UserId>,
    /// What clients get.
    pub payload: serde_json::Value,
    /// What a push says; `None`: made from kind and payload.
    pub alert: Option<Alert>,
    /// What makes it the same: nobody is told twice of one key.
    pub key: String,
    /// What it is about, such as `post:5`: see [`withdraw_all`].
    pub subjects: Vec<String>,
    /// The id of the event that led here, or anything else that grows from one event about the key to the next.
    pub revision: i64,
}

/// The words of a push message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its first line.
    pub title: String,
    /// Its text.
    pub body: String,
    /// What the app gets with it, beside `type` and `notification_id`.
    pub data: serde_json::Map<String, serde_json::Value>,
}

/// A row to be written.
struct Row {
    id: i64,
    user: UserId,
    is_listed: bool,
    push: bool,
    mail: bool,
}

/// Tells people of something: stores it for their lists, and has it pushed and mailed after the commit as they wish.
/// Returns how many were told. In the transaction of a request it could fail the request: call it in one of its own. Where the
/// list must be complete when the request is answered, do so after the commit, pass over an error, and let a subscriber of
/// the event call it again: what is told twice of one key is told once.
pub async fn notify(tx: &Tx, note: &Note) -> Result<usize, DbErr> {
    let mut recipients = note.recipients.clone();
    recipients.retain(|user| Some(*user) != note.actor_id);
    recipients.sort_unstable();
    recipients.dedup();
    let mut told = 0;
    for some in recipients.chunks(CHUNK) {
        told += tell(tx, note, some).await?;
    }
    Ok(told)
}

async fn tell(tx: &Tx, note: &Note, recipients: &[UserId]) -> Result<usize, DbErr> {
    let reached: HashMap<UserId, bool> = match note.actor_id {
        Some(actor) => identity::reached_by(tx, actor, recipients).await?,
        None => {
            let existing = identity::existing(tx, recipients).await?;
            existing.into_iter().map(|user| (user, false)).collect()
        }
    };
    let chosen = preferences::chosen_by(tx, note.kind, recipients).await?;
    let wishes = recipients.iter().filter_map(|user| {
        let is_muted = *reached.get(user)?;
        let ways = chosen.get(user).copied().unwrap_or(note.kind.default_ways());
        row_for(tx, note.kind, *user, ways, is_muted)
    });
    let wanted: Vec<Row> = wishes.collect();
    if wanted.is_empty() {
        return Ok(0);
    }
    let accounts: Vec<UserId> = wanted.iter().map(|row| row.user).collect();
    counters::hold(tx, &accounts).await?;
    let ids = insert(tx, note, &wanted).await?;
    let made: Vec<&Row> = wanted.iter().filter(|row| ids.contains_key(&row.user)).collect();
    if made.is_empty() {
        return Ok(0);
    }
    let listed = made.iter().filter(|row| row.is_listed);
    let counted: Vec<(UserId, i64)> = listed.map(|row| (row.user, 1)).collect();
    counters::add(tx, &counted).await?;
    let told = made.iter().map(|row| Told {
        id: ids[&row.user],
        user_id: row.user,
        push: row.push,
        mail: row.mail,
    });
    let notifications: Vec<Told> = told.collect();
    name_subjects(tx, note, &notifications).await?;
    let kind = note.kind.name().to_owned();
    tx.append(&Notified { kind, notifications }).await?;
    Ok(made.len())
}

/// `None` for whoever does not want to hear of it at all.
fn row_for(tx: &Tx, kind: Kind, user: UserId, ways: Ways, is_muted: bool) -> Option<Row> {
    let row = Row {
        id: tx.next_id(),
        user,
        is_listed: ways.in_app || kind.is_always_listed(),
        push: ways.push && !is_muted,
        mail: ways.email && !is_muted,
    };
    (row.is_listed || row.push || row.mail).then_some(row)
}

/// Writes the rows, or brings back those that were withdrawn; the ids of those that were written, by account.
async fn insert(tx: &Tx, note: &Note, wanted: &[Row]) -> Result<HashMap<UserId, i64>, DbErr> {
    let alert = note.alert.as_ref().map(serde_json::to_value).transpose();
    let alert = alert.map_err(|error| DbErr::Custom(format!("an alert without a JSON form: {error}")))?;
    let mut values: Vec<Value> = vec![
        note.kind.name().into(),
        note.payload.clone().into(),
        tx.now().into(),
        note.key.as_str().into(),
        note.revision.into(),
        note.actor_id.map(|actor| actor.0).into(),
        alert.into(),
    ];
    let mut places = Vec::with_capacity(wanted.len());
    for row in wanted {
        let next = values.len() + 1;
        places.push(format!(
            "(${next}, ${}, ${}, $1, $2, $3, $4, $5, $6, $7)",
            next + 1,
            next + 2
        ));
        let state = if row.is_listed { "shown" } else { "hidden" };
        values.extend([row.id.into(), row.user.0.into(), state.into()]);
    }
    let text = format!(
        "INSERT INTO notifications (id, user_id, state, type, payload, created_at, event_key, revision, actor_id, alert) \
         VALUES {} ON CONFLICT (user_id, event_key) DO UPDATE SET state = excluded.state, type = excluded.type, \
         payload = excluded.payload, created_at = excluded.created_at, revision = excluded.revision, \
         actor_id = excluded.actor_id, alert = excluded.alert, is_read = FALSE, read_at = NULL \
         WHERE notifications.state = 'withdrawn' AND notifications.revision < excluded.revision RETURNING user_id, id",
        places.join(", ")
    );
    let written = tx
        .query_all_raw(Statement::from_sql_and_values(
            tx.get_database_backend(),
            text,
            values,
        ))
        .await?;
    written
        .iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

async fn name_subjects(tx: &Tx, note: &Note, told: &[Told]) -> Result<(), DbErr> {
    for subject in &note.subjects {
        let places: Vec<String> = (2..told.len() + 2).map(|n| format!("($1, ${n})")).collect();
        let text = format!(
            "INSERT INTO notification_subjects (subject, notification_id) VALUES {} ON CONFLICT DO NOTHING",
            places.join(", ")
        );
        let mut values: Vec<Value> = vec![subject.as_str().into()];
        values.extend(told.iter().map(|told| Value::from(told.id)));
        execute(tx, text, values).await?;
    }
    Ok(())
}

/// Takes back what `user` was told of under a key, unless they have read it. When they were not told yet, they will not be:
/// the event that tells them is older than `revision`.
pub async fn withdraw(tx: &Tx, user: UserId, (kind, key): (Kind, &str), revision: i64) -> Result<(), DbErr> {
    if identity::existing(tx, &[user]).await?.is_empty() {
        return Ok(());
    }
    counters::hold(tx, &[user]).await?;
    let text = "SELECT 1 FROM notifications WHERE user_id = $1 AND event_key = $2 AND state = 'shown' AND NOT is_read";
    let counted = rows(tx, text, vec![user.0.into(), key.into()]).await?.len();
    let text = "INSERT INTO notifications (id, user_id, type, payload, created_at, state, event_key, revision) \
                VALUES ($1, $2, $3, $4, $5, 'withdrawn', $6, $7) \
                ON CONFLICT (user_id, event_key) DO UPDATE SET state = excluded.state, payload = excluded.payload, \
                alert = NULL, mail_held = FALSE, revision = excluded.revision \
                WHERE NOT notifications.is_read AND notifications.revision < excluded.revision";
    let values: Vec<Value> = vec![
        tx.next_id().into(),
        user.0.into(),
        kind.name().into(),
        serde_json::json!({}).into(),
        tx.now().into(),
        key.into(),
        revision.into(),
    ];
    if execute(tx, text, values).await? == 1 && counted > 0 {
        counters::add(tx, &[(user, -1)]).await?;
        tx.append(&UnreadChanged { user_ids: vec![user] }).await?;
    }
    Ok(())
}

/// Takes back everything that people were told about a subject that is gone, read or not.
pub async fn withdraw_all(tx: &Tx, subject: &str) -> Result<(), DbErr> {
    let among = "n.id IN (SELECT notification_id FROM notification_subjects WHERE subject = $1) AND n.state <> 'withdrawn'";
    withdraw_among(tx, among, subject).await
}

async fn withdraw_among(tx: &Tx, among: &str, subject: &str) -> Result<(), DbErr> {
    let change =
        "UPDATE notifications AS n SET state = 'withdrawn', payload = $3, alert = NULL, mail_held = FALSE";
    let empty = serde_json::json!({}).into();
    let accounts = take_away(tx, (among, subject.into()), (change, Some(empty))).await?;
    if !accounts.is_empty() {
        tx.append(&UnreadChanged { user_ids: accounts }).await?;
    }
    Ok(())
}

/// Takes back what people were told about a post whom it is not meant for any more, read or not; `subject` names the post.
pub async fn withdraw_unseen(tx: &Tx, subject: &str) -> Result<(), DbErr> {
    let among = &format!(
        "n.id IN (SELECT notification_id FROM notification_subjects WHERE subject = $1) AND n.state <> 'withdrawn' \
         AND NOT EXISTS (SELECT 1 FROM posts p WHERE p.id = CAST(substr($1, {}) AS BIGINT) AND {})",
        POST.len() + 1,
        social::visible("n.user_id")
    );
    withdraw_among(tx, among, subject).await
}

/// Removes everything that people were told of somebody's acts.
pub async fn forget_actor(tx: &Tx, actor: UserId) -> Result<(), DbErr> {
    let among = ("n.actor_id = $1", actor.0.into());
    take_away(tx, among, ("DELETE FROM notifications AS n", None)).await?;
    Ok(())
}

/// Changes notifications so that they no longer count; whose counters that changed. `$1` of the condition is its value, `$3`
/// of the change.
async fn take_away(
    tx: &Tx,
    (among, value): (&str, Value),
    (change, changed_to): (&str, Option<Value>),
) -> Result<Vec<UserId>, DbErr> {
    let text = format!("SELECT DISTINCT n.user_id FROM notifications n WHERE {among} ORDER BY n.user_id");
    let found = rows(tx, text, vec![value.clone()]).await?;
    let owners: Vec<UserId> = found
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, DbErr>>()?;
    let mut changed = Vec::new();
    for held in owners.chunks(CHUNK) {
        counters::hold(tx, held).await?;
        // What others of these accounts get meanwhile waits for the counters.
        let among = format!("{among} AND n.user_id IN {}", list(tx, "$2"));
        let text = format!(
            "SELECT n.user_id, -count(*) FROM notifications n WHERE {among} AND n.state = 'shown' AND NOT n.is_read \
             GROUP BY n.user_id"
        );
        let counts = rows(tx, text, vec![value.clone(), users(held)]).await?;
        let counts: Vec<(UserId, i64)> = counts
            .iter()
            .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
            .collect::<Result<_, DbErr>>()?;
        let mut values = vec![value.clone(), users(held)];
        values.extend(changed_to.clone());
        execute(tx, format!("{change} WHERE {among}"), values).await?;
        counters::add(tx, &counts).await?;
        changed.extend(counts.into_iter().map(|(user, _)| user));
    }
    Ok(changed)
}
