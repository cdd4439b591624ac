//! The rows of push messages.

use chrono::{DateTime, Duration, Utc};
use identity::PushDevice;
use platform::{App, db::Tx, id::UserId};
use sea_orm::{DbErr, QueryResult, Value};

use super::expo::{MOST_MESSAGES, MOST_RECEIPTS};
use crate::statements::{claiming, execute, list, rows};

/// How often a message is tried.
const MOST_ATTEMPTS: i64 = 8;
/// The pause after the first attempt; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::seconds(30);
/// When the receipt of a ticket is asked for, and how long after it again.
const RECEIPT_PAUSE: Duration = Duration::minutes(15);
/// How long the service keeps receipts.
const RECEIPTS_LAST: Duration = Duration::hours(24);
/// After this time a row that was taken and has no outcome belongs to a process that has ended.
const LONGEST_SENDING: Duration = Duration::minutes(10);
/// How long rows that have ended are kept.
const KEPT: Duration = Duration::days(30);

/// A row that was taken.
#[derive(Debug, Clone)]
pub struct Push {
    pub id: i64,
    pub notification_id: i64,
    pub user_id: UserId,
    pub device_id: i64,
    /// The type of the notification.
    pub kind: String,
    /// It waited for the end of quiet hours.
    pub is_deferred: bool,
    pub attempts: i64,
    pub ticket: Option<String>,
    pub sent_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, notification_id, user_id, device_id, kind, is_deferred, attempts, ticket, sent_at";

impl Push {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            notification_id: row.try_get_by_index(1)?,
            user_id: row.try_get_by_index(2)?,
            device_id: row.try_get_by_index(3)?,
            kind: row.try_get_by_index(4)?,
            is_deferred: row.try_get_by_index(5)?,
            attempts: row.try_get_by_index(6)?,
            ticket: row.try_get_by_index(7)?,
            sent_at: row.try_get_by_index(8)?,
        })
    }
}

/// How a row goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The service has taken it.
    Sent { ticket: String },
    /// Apple or Google has.
    Delivered,
    /// Not now: quiet hours last until then.
    Deferred { until: DateTime<Utc> },
    /// Not now: the service says why. Again later, unless it was tried often enough.
    Again { error: String },
    /// Not any more wanted, for this reason.
    Dropped { reason: &'static str },
    /// Refused for good.
    Failed { error: String },
    /// Nobody knows.
    Unknown { error: String },
}

impl Fate {
    /// For metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Delivered => "delivered",
            Self::Deferred { .. } => "deferred",
            Self::Again { .. } => "again",
            Self::Dropped { .. } => "dropped",
            Self::Failed { .. } => "failed",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// Adds rows for the devices of a notification's owner; those that are there stay as they are.
pub async fn add(
    tx: &Tx,
    notification: i64,
    devices: impl Iterator<Item = &PushDevice>,
) -> Result<(), DbErr> {
    for device in devices {
        let text = "INSERT INTO notification_pushes (id, notification_id, user_id, device_id, kind, status, due_at) \
                    SELECT $1, n.id, n.user_id, $3, n.type, 'pending', $4 FROM notifications n WHERE n.id = $2 \
                    ON CONFLICT (notification_id, device_id) DO NOTHING";
        let values: Vec<Value> = vec![
            tx.next_id().into(),
            notification.into(),
            device.id.into(),
            tx.now().into(),
        ];
        execute(tx, text, values).await?;
    }
    Ok(())
}

/// Takes what is due, as much as one request holds. Of messages that waited for the end of quiet hours, all of a device
/// are taken together.
pub async fn take_due(app: &App) -> Result<Vec<Push>, DbErr> {
    let due = "status = 'pending' AND due_at <= $1";
    let now = app.clock().now();
    // A look on the reader first: there is nothing to send most of the time, and SQLite has one writer.
    let text = format!("SELECT 1 FROM notification_pushes WHERE {due} LIMIT 1");
    if rows(app.db().reader(), text, vec![now.into()]).await?.is_empty() {
        return Ok(Vec::new());
    }
    app.db()
        .write(|tx| async move {
            let claim = claiming(&tx);
            let text = format!(
                "SELECT id, device_id, is_deferred FROM notification_pushes WHERE {due} \
                 ORDER BY due_at, id LIMIT {MOST_MESSAGES} {claim}"
            );
            let mut ids = Vec::new();
            let mut deferred_to: Vec<i64> = Vec::new();
            for row in rows(&tx, text, vec![now.into()]).await? {
                ids.push(row.try_get_by_index(0)?);
                if row.try_get_by_index(2)? {
                    deferred_to.push(row.try_get_by_index(1)?);
                }
            }
            if !deferred_to.is_empty() {
                let text = format!(
                    "SELECT id FROM notification_pushes WHERE {due} AND is_deferred AND device_id IN {} {claim}",
                    list(&tx, "$2")
                );
                let values = vec![now.into(), platform::db::list_of(&deferred_to)];
                for row in rows(&tx, text, values).await? {
                    ids.push(row.try_get_by_index(0)?);
                }
            }
            let text = format!(
                "UPDATE notification_pushes SET status = 'sending', attempts = attempts + 1, due_at = $1 \
                 WHERE id IN {} AND status = 'pending' RETURNING {COLUMNS}",
                list(&tx, "$2")
            );
            let taken = rows(&tx, text, vec![tx.now().into(), platform::db::list_of(&ids)]).await?;
            let mut taken: Vec<Push> = taken.iter().map(Push::read).collect::<Result<_, DbErr>>()?;
            taken.sort_by_key(|push| push.id);
            Ok(taken)
        })
        .await
}

/// Takes tickets whose receipts should be there by now, as many as one request holds. They come up again later.
pub async fn take_tickets(app: &App) -> Result<Vec<Push>, DbErr> {
    let due = "status = 'sent' AND due_at <= $1";
    let now = app.clock().now();
    let text = format!("SELECT 1 FROM notification_pushes WHERE {due} LIMIT 1");
    if rows(app.db().reader(), text, vec![now.into()]).await?.is_empty() {
        return Ok(Vec::new());
    }
    app.db()
        .write(|tx| async move {
            let text = format!(
                "UPDATE notification_pushes SET due_at = $2 WHERE id IN (SELECT id FROM notification_pushes \
                 WHERE {due} ORDER BY due_at, id LIMIT {MOST_RECEIPTS} {}) RETURNING {COLUMNS}",
                claiming(&tx)
            );
            let taken = rows(&tx, text, vec![now.into(), (now + RECEIPT_PAUSE).into()]).await?;
            taken.iter().map(Push::read).collect()
        })
        .await
}

/// Writes down how rows go on.
pub async fn settle(tx: &Tx, fates: &[(Push, Fate)]) -> Result<(), DbErr> {
    for (push, fate) in fates {
        let now = tx.now();
        let (status, due_at, error) = match fate {
            Fate::Sent { .. } => ("sent", now + RECEIPT_PAUSE, ""),
            Fate::Delivered => ("delivered", now, ""),
            Fate::Deferred { until } => ("pending", *until, ""),
            Fate::Again { error } if push.attempts < MOST_ATTEMPTS => {
                ("pending", later(now, push.attempts), error.as_str())
            }
            Fate::Again { error } | Fate::Failed { error } => ("failed", now, error.as_str()),
            Fate::Dropped { reason } => ("dropped", now, *reason),
            Fate::Unknown { error } => ("unknown", now, error.as_str()),
        };
        let (ticket, sent_at) = match fate {
            Fate::Sent { ticket } => (Some(ticket.as_str()), Some(now)),
            _ => (None, None),
        };
        // Waiting for the end of quiet hours is no attempt.
        let (deferred, spent) = match fate {
            Fate::Deferred { .. } => (true, 1_i64),
            _ => (push.is_deferred, 0),
        };
        let text = "UPDATE notification_pushes SET status = $2, due_at = $3, error = $4, \
                    ticket = COALESCE($5, ticket), sent_at = COALESCE($6, sent_at), is_deferred = $7, \
                    attempts = attempts - $8 WHERE id = $1";
        let values: Vec<Value> = vec![
            push.id.into(),
            status.into(),
            due_at.into(),
            error.into(),
            ticket.map(str::to_owned).into(),
            sent_at.into(),
            deferred.into(),
            spent.into(),
        ];
        execute(tx, text, values).await?;
    }
    Ok(())
}

/// When a message is tried again after so many attempts.
fn later(now: DateTime<Utc>, attempts: i64) -> DateTime<Utc> {
    let doublings = u32::try_from(attempts.clamp(1, 12) - 1).unwrap_or(0);
    now + FIRST_PAUSE * 2_i32.pow(doublings)
}

/// Gives up what can have no outcome any more, and removes what has long had one; how many rows that were.
pub async fn clear(app: &App) -> Result<u64, DbErr> {
    app.db()
        .write(|tx| async move {
            let now = tx.now();
            let given_up = "UPDATE notification_pushes SET status = 'unknown', error = $2, due_at = $3 WHERE status = $4 AND";
            let lost = format!("{given_up} due_at < $1");
            let values = vec![
                (now - LONGEST_SENDING).into(),
                "the process that sent it has ended".into(),
                now.into(),
                "sending".into(),
            ];
            let lost = execute(&tx, lost, values).await?;
            let unanswered = format!("{given_up} sent_at < $1");
            let values = vec![
                (now - RECEIPTS_LAST).into(),
                "no receipt".into(),
                now.into(),
                "sent".into(),
            ];
            let unanswered = execute(&tx, unanswered, values).await?;
            let text = "DELETE FROM notification_pushes \
                        WHERE status IN ('delivered', 'failed', 'dropped', 'unknown') AND due_at < $1";
            let old = execute(&tx, text, vec![(now - KEPT).into()]).await?;
            Ok(lost + unanswered + old)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double() {
        let now: DateTime<Utc> = "2026-05-01T00:00:00Z".parse().expect("a time");
        let pauses: Vec<i64> = (1..=4)
            .map(|attempts| (later(now, attempts) - now).num_seconds())
            .collect();
        assert_eq!(pauses, [30, 60, 120, 240]);
    }
}
