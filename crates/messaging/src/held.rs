//! A thread that is held: whoever writes into a thread holds its row first, so that its messages and notices are committed in the
//! order of their ids and its counters are right at any time.

use chrono::{DateTime, Duration, Utc};
use platform::{db::Tx, id::UserId};
use sea_orm::{DbErr, Value};
use serde_json::{Map, Value as Json};

use crate::{events::NoticesWaiting, sql};

/// How long whoever publishes a thread's notices may take before somebody else does.
pub const LEASE: Duration = Duration::seconds(10);
/// Notices that are written by one statement.
const CHUNK: usize = 100;

/// The right to publish the notices of a thread, for [`LEASE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub thread_id: i64,
    pub token: i64,
}

/// Something to be told to the members of a thread.
pub struct NewNotice {
    /// Who did it, if it is not for those who are apart from them.
    pub actor: Option<UserId>,
    /// All members, if `None`.
    pub to: Option<Vec<i64>>,
    pub frame: Map<String, Json>,
}

struct PendingNotice {
    id: i64,
    actor: Option<UserId>,
    to: Option<Vec<i64>>,
    frame: Option<Map<String, Json>>,
}

/// A thread's row, held until the end of the transaction. What is changed here is written by [`Held::settle`].
pub struct Held {
    pub id: i64,
    pub is_group: bool,
    pub created_by: Option<UserId>,
    pub message_count: i64,
    pub updated_at: DateTime<Utc>,
    newest_id: i64,
    newest_at: Option<DateTime<Utc>>,
    last_notice_id: i64,
    publisher: Option<i64>,
    publishing_until: Option<i64>,
    pending: Vec<PendingNotice>,
    /// Whether the event of another kind of the same id stands in for that of the last notice.
    is_announced: bool,
}

const COLUMNS: &str = "is_group, created_by, message_count, updated_at, newest_id, newest_at, last_notice_id, publisher, publishing_until";

/// Takes hold of a thread.
pub async fn hold(tx: &Tx, id: i64) -> Result<Option<Held>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM threads WHERE id = $1{}", sql::held(tx));
    let Some(row) = sql::row(tx, text, [id.into()]).await? else {
        return Ok(None);
    };
    Ok(Some(Held {
        id,
        is_group: row.try_get_by_index(0)?,
        created_by: row.try_get_by_index(1)?,
        message_count: row.try_get_by_index(2)?,
        updated_at: row.try_get_by_index(3)?,
        newest_id: row.try_get_by_index(4)?,
        newest_at: row.try_get_by_index(5)?,
        last_notice_id: row.try_get_by_index(6)?,
        publisher: row.try_get_by_index(7)?,
        publishing_until: row.try_get_by_index(8)?,
        pending: Vec::new(),
        is_announced: false,
    }))
}

impl Held {
    /// A thread that this transaction has just made.
    pub fn fresh(id: i64, is_group: bool, creator: UserId, now: DateTime<Utc>) -> Self {
        Self {
            id,
            is_group,
            created_by: Some(creator),
            message_count: 0,
            updated_at: now,
            newest_id: 0,
            newest_at: None,
            last_notice_id: 0,
            publisher: None,
            publishing_until: None,
            pending: Vec::new(),
            is_announced: false,
        }
    }

    /// Id and time of the next message of this thread: both greater than those of every earlier one, whichever process wrote it.
    /// The message is counted, and will be told to all members. `MessageSent` has to be appended for it.
    pub fn next_message(&mut self, tx: &Tx) -> (i64, DateTime<Utc>) {
        let id = tx.next_id_after(self.newest_id.max(self.last_notice_id));
        let after = self.newest_at.map(|newest| newest + Duration::microseconds(1));
        let at = after.map_or(tx.now(), |after| after.max(tx.now()));
        (self.newest_id, self.newest_at, self.updated_at) = (id, Some(at), at);
        self.message_count += 1;
        self.last_notice_id = id;
        self.is_announced = true;
        self.pending.push(PendingNotice {
            id,
            actor: None,
            to: None,
            frame: None,
        });
        (id, at)
    }

    /// Has something told to the members.
    pub fn tell(&mut self, tx: &Tx, notice: NewNotice) {
        self.last_notice_id = tx.next_id_after(self.last_notice_id.max(self.newest_id));
        self.is_announced = false;
        self.pending.push(PendingNotice {
            id: self.last_notice_id,
            actor: notice.actor,
            to: notice.to,
            frame: Some(notice.frame),
        });
    }

    /// Writes what has changed. If there is something to tell and nobody is telling this thread's notices, that becomes the duty
    /// of the caller, after the commit.
    pub async fn settle(mut self, tx: &Tx) -> Result<Option<Lease>, DbErr> {
        let lease = self.lease(tx);
        self.write(tx).await?;
        Ok(lease)
    }

    /// The same for callers that do not know when their transaction is committed: others tell the notices.
    pub async fn settle_for_others(self, tx: &Tx) -> Result<(), DbErr> {
        self.write(tx).await
    }

    fn lease(&mut self, tx: &Tx) -> Option<Lease> {
        let now = tx.now().timestamp_millis();
        if self.pending.is_empty() || self.publishing_until.is_some_and(|until| until >= now) {
            return None;
        }
        let token = tx.next_id();
        self.publisher = Some(token);
        self.publishing_until = Some(now + LEASE.num_milliseconds());
        Some(Lease {
            thread_id: self.id,
            token,
        })
    }

    async fn write(self, tx: &Tx) -> Result<(), DbErr> {
        let text = "UPDATE threads SET message_count = $2, updated_at = $3, newest_id = $4, newest_at = $5, \
                    last_notice_id = $6, publisher = $7, publishing_until = $8 WHERE id = $1";
        let values: [Value; 8] = [
            self.id.into(),
            self.message_count.into(),
            self.updated_at.into(),
            self.newest_id.into(),
            self.newest_at.into(),
            self.last_notice_id.into(),
            self.publisher.into(),
            self.publishing_until.into(),
        ];
        sql::execute(tx, text, values).await?;
        for notices in self.pending.chunks(CHUNK) {
            write(tx, self.id, notices).await?;
        }
        if self.pending.is_empty() || self.is_announced {
            return Ok(());
        }
        tx.append(&NoticesWaiting {
            thread_id: self.id,
            notice_id: self.last_notice_id,
        })
        .await
    }
}

async fn write(tx: &Tx, thread_id: i64, notices: &[PendingNotice]) -> Result<(), DbErr> {
    let (mut rows, mut values): (Vec<String>, Vec<Value>) = (Vec::new(), Vec::new());
    for (number, notice) in notices.iter().enumerate() {
        let at = number * 6;
        rows.push(format!(
            "(${}, ${}, ${}, ${}, ${}, ${})",
            at + 1,
            at + 2,
            at + 3,
            at + 4,
            at + 5,
            at + 6
        ));
        values.extend([
            notice.id.into(),
            thread_id.into(),
            notice.actor.map(|actor| actor.0).into(),
            notice.to.as_ref().map(|to| Json::from(to.clone())).into(),
            notice.frame.clone().map(Json::Object).into(),
            tx.now().into(),
        ]);
    }
    let text = format!(
        "INSERT INTO thread_notices (id, thread_id, actor_id, recipients, frame, created_at) VALUES {}",
        rows.join(", ")
    );
    sql::execute(tx, text, values).await.map(drop)
}
