//! The list of notifications of an account, as its owner sees and changes it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use messaging::MessageSent;
use platform::{
    App,
    db::Tx,
    http::{ApiError, Page, SortKind, SortValue, Sortable},
    id::UserId,
    outbox::{self, DomainEvent as _},
};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult, Value,
    sea_query::{Expr, ExprTrait as _, Query},
};

use crate::{
    counters,
    events::{Notified, Told, UnreadChanged},
    statements::{execute, list, rows},
};

/// What can be wrong with a request about notifications.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// There is no such notification, or it is somebody else's.
    #[error("No Notification matches the given query.")]
    NoSuchNotification,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl From<InboxError> for ApiError {
    fn from(error: InboxError) -> Self {
        match error {
            InboxError::NoSuchNotification => Self::no_match("Notification"),
            InboxError::Database(error) => error.into(),
        }
    }
}

/// A notification as its owner sees it.
#[derive(Debug, Clone)]
pub struct Notification {
    pub id: i64,
    pub kind: String,
    pub payload: serde_json::Value,
    pub is_read: bool,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "n.id, n.type, n.payload, n.is_read, n.created_at, n.read_at";

impl Notification {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            kind: row.try_get_by_index(1)?,
            payload: row.try_get_by_index(2)?,
            is_read: row.try_get_by_index(3)?,
            created_at: row.try_get_by_index(4)?,
            read_at: row.try_get_by_index(5)?,
        })
    }

    /// The value of a field of [`SORTABLE`].
    pub fn sort_value(&self, field: &str) -> SortValue {
        match field {
            "type" => SortValue::Text(self.kind.clone()),
            "is_read" => SortValue::Boolean(self.is_read),
            "created_at" => SortValue::Time(self.created_at),
            _ => SortValue::Integer(self.id),
        }
    }
}

const fn sortable(name: &'static str, kind: SortKind) -> Sortable {
    Sortable {
        name,
        kind,
        column: ("n", name),
    }
}

/// Breaks ties.
pub const ID: Sortable = sortable("id", SortKind::Integer);

/// What the list may be ordered by.
pub const SORTABLE: [Sortable; 4] = [
    ID,
    sortable("type", SortKind::Text),
    sortable("is_read", SortKind::Boolean),
    sortable("created_at", SortKind::Time),
];

/// What a list is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub is_read: Option<bool>,
    pub kind: Option<String>,
}

/// How long the list waits for messages that were sent before it was asked for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A page of the notifications of an account. Whoever was sent a message before finds it there.
pub async fn page_of(
    app: &App,
    user: UserId,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<Notification>, DbErr> {
    outbox::settle(app, &[MessageSent::NAME], PATIENCE).await?;
    let on = app.db().reader();
    let mut query = Query::select()
        .expr(Expr::cust(COLUMNS))
        .from_as("notifications", "n")
        .and_where(Expr::col(("n", "user_id")).eq(user.0))
        // The words of the indexes.
        .and_where(Expr::cust("n.state = 'shown'"))
        .take();
    if let Some(is_read) = filter.is_read {
        query.and_where(Expr::col(("n", "is_read")).eq(is_read));
    }
    if let Some(kind) = &filter.kind {
        query.and_where(Expr::col(("n", "type")).eq(kind.as_str()));
    }
    let found = on
        .query_all_raw(page.statement(query, on.get_database_backend()))
        .await?;
    found.iter().map(Notification::read).collect()
}

/// A notification of an account.
pub async fn find(on: &impl ConnectionTrait, user: UserId, id: i64) -> Result<Notification, InboxError> {
    let text = format!(
        "SELECT {COLUMNS} FROM notifications n WHERE n.id = $1 AND n.user_id = $2 AND n.state = 'shown'"
    );
    let found = rows(on, text, vec![id.into(), user.0.into()]).await?;
    let row = found.first().ok_or(InboxError::NoSuchNotification)?;
    Ok(Notification::read(row)?)
}

/// Those of these notifications that are in somebody's list.
pub async fn shown(on: &impl ConnectionTrait, ids: &[i64]) -> Result<Vec<Notification>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM notifications n WHERE n.id IN {} AND n.state = 'shown' ORDER BY n.id",
        list(on, "$1")
    );
    let found = rows(on, text, vec![platform::db::list_of(ids)]).await?;
    found.iter().map(Notification::read).collect()
}

/// A notification that somebody makes for themselves.
#[derive(Debug, Clone)]
pub struct OwnNote {
    pub kind: String,
    pub payload: serde_json::Value,
    pub is_read: bool,
}

/// Makes one. It is told to the owner's other clients, but neither pushed nor mailed.
pub async fn create(app: &App, user: UserId, note: &OwnNote) -> Result<Notification, DbErr> {
    app.db()
        .write(|tx| async move {
            counters::hold(&tx, &[user]).await?;
            let made = Notification {
                id: tx.next_id(),
                kind: note.kind.clone(),
                payload: note.payload.clone(),
                is_read: note.is_read,
                created_at: tx.now(),
                read_at: None,
            };
            let text = "INSERT INTO notifications (id, user_id, type, payload, is_read, created_at) \
                        VALUES ($1, $2, $3, $4, $5, $6)";
            let values: Vec<Value> = vec![
                made.id.into(),
                user.0.into(),
                made.kind.as_str().into(),
                made.payload.clone().into(),
                made.is_read.into(),
                made.created_at.into(),
            ];
            execute(&tx, text, values).await?;
            counters::add(&tx, &[(user, i64::from(!made.is_read))]).await?;
            let told = Told {
                id: made.id,
                user_id: user,
                push: false,
                mail: false,
            };
            let event = Notified {
                kind: made.kind.clone(),
                notifications: vec![told],
            };
            tx.append(&event).await?;
            Ok(made)
        })
        .await
}

/// Marks a notification as read, if `is_read`; its time stays when it was read before. Nothing else of it ever changes.
pub async fn change(app: &App, user: UserId, id: i64, is_read: bool) -> Result<Notification, InboxError> {
    if !is_read {
        return find(app.db().reader(), user, id).await;
    }
    app.db()
        .write(|tx| async move {
            let text = "UPDATE notifications SET is_read = TRUE, read_at = $3 \
                        WHERE user_id = $1 AND id = $2 AND state = 'shown' AND NOT is_read";
            let values = vec![user.0.into(), id.into(), tx.now().into()];
            counters::hold(&tx, &[user]).await?;
            let read = execute(&tx, text, values).await?;
            count_down(&tx, user, read).await?;
            find(&tx, user, id).await
        })
        .await
}

/// Marks all as read that are not; how many these were.
pub async fn mark_all_read(app: &App, user: UserId) -> Result<u64, DbErr> {
    app.db()
        .write(|tx| async move {
            counters::hold(&tx, &[user]).await?;
            let text = "UPDATE notifications SET is_read = TRUE, read_at = $2 \
                        WHERE user_id = $1 AND state = 'shown' AND NOT is_read";
            let read = execute(&tx, text, vec![user.0.into(), tx.now().into()]).await?;
            count_down(&tx, user, read).await?;
            Ok(read)
        })
        .await
}

/// Removes a notification.
pub async fn remove(app: &App, user: UserId, id: i64) -> Result<(), InboxError> {
    app.db()
        .write(|tx| async move {
            counters::hold(&tx, &[user]).await?;
            let notification = find(&tx, user, id).await?;
            // What it told of has been told, and is not told again: the row of a key stays behind, empty.
            let values = || vec![user.0.into(), id.into()];
            let text = "DELETE FROM notifications WHERE user_id = $1 AND id = $2 AND event_key IS NULL";
            if execute(&tx, text, values()).await? == 0 {
                let text = "UPDATE notifications SET state = 'withdrawn', is_read = TRUE, payload = $3, alert = NULL, \
                            mail_held = FALSE, revision = $4 WHERE user_id = $1 AND id = $2";
                let mut values = values();
                values.extend([serde_json::json!({}).into(), i64::MAX.into()]);
                execute(&tx, text, values).await?;
            }
            count_down(&tx, user, u64::from(!notification.is_read)).await?;
            Ok(())
        })
        .await
}

/// Counts `read` fewer, and tells the owner's clients.
async fn count_down(tx: &Tx, user: UserId, read: u64) -> Result<(), DbErr> {
    if read == 0 {
        return Ok(());
    }
    let read = i64::try_from(read).unwrap_or(i64::MAX);
    counters::add(tx, &[(user, -read)]).await?;
    tx.append(&UnreadChanged { user_ids: vec![user] }).await
}
