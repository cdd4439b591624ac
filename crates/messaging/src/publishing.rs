//! Telling the members of a thread what happened in it: in the order in which it was committed, and at least once.
//!
//! A notice is written in the transaction of what it tells of. After the commit one process at a time publishes the notices of a
//! thread, the oldest first: the one whose token stands in the thread's row ([`Lease`]), usually the one that wrote. What it could
//! not publish stays; the event of the outbox that every notice has brings it back. Whoever gets a notice twice knows it by its
//! `event_id`.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use identity::ties;
use platform::{App, db::Tx, id::UserId, outbox::Event};
use realtime::Notice;
use sea_orm::{DbErr, QueryResult};
use serde_json::{Map, Value, json};

use crate::{
    access,
    events::{MessageSent, NoticesWaiting},
    held::{LEASE, Lease},
    sql,
    views::{self, MessageView},
};

/// Notices that are published at a time.
const BATCH: usize = 100;
/// How long the message broker may take for them: less than the lease.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the safety net waits for somebody else who is publishing, in milliseconds.
const PAUSES: [u64; 6] = [0, 5, 10, 20, 40, 80];

struct Waiting {
    id: i64,
    actor: Option<UserId>,
    recipients: Option<Vec<i64>>,
    /// `None`: the message of the same id.
    frame: Option<Map<String, Value>>,
    created_at: DateTime<Utc>,
}

impl Waiting {
    /// `None` of a row without a notice.
    fn read(row: &QueryResult) -> Result<Option<Self>, DbErr> {
        let Some(id) = row.try_get_by_index(1)? else {
            return Ok(None);
        };
        let recipients: Option<Value> = row.try_get_by_index(3)?;
        let frame: Option<Value> = row.try_get_by_index(4)?;
        Ok(Some(Self {
            id,
            actor: row.try_get_by_index(2)?,
            recipients: recipients.and_then(|ids| serde_json::from_value(ids).ok()),
            frame: frame.and_then(|frame| serde_json::from_value(frame).ok()),
            created_at: row.try_get_by_index(5)?,
        }))
    }
}

/// Publishes what a transaction has left to its caller, without the caller waiting for it.
pub fn begin(app: &App, lease: Option<Lease>) {
    let Some(lease) = lease else { return };
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = publish(&app, lease).await {
            tracing::warn!(
                thread = lease.thread_id,
                "notices of a thread wait to be published: {error:#}"
            );
        }
    });
}

/// A message was sent: makes sure that it is told.
pub async fn message_sent(app: App, event: Event) -> anyhow::Result<()> {
    let MessageSent {
        message_id,
        thread_id,
        ..
    } = event.read()?;
    make_sure(&app, thread_id, message_id).await
}

/// Something else happened in a thread: makes sure that it is told.
pub async fn notices_waiting(app: App, event: Event) -> anyhow::Result<()> {
    let NoticesWaiting { thread_id, notice_id } = event.read()?;
    make_sure(&app, thread_id, notice_id).await
}

/// Publishes the notices of a thread up to this one, unless somebody else does; an error if it may be that nobody does.
async fn make_sure(app: &App, thread_id: i64, notice_id: i64) -> anyhow::Result<()> {
    for pause in PAUSES {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let text = "SELECT 1 FROM thread_notices WHERE id = $1";
        if sql::row(app.db().reader(), text, [notice_id.into()])
            .await?
            .is_none()
        {
            return Ok(());
        }
        if let Some(lease) = take(app, thread_id).await? {
            metrics::counter!("selflink_thread_notices_recovered_total").increment(1);
            return publish(app, lease).await;
        }
    }
    anyhow::bail!("somebody else is publishing the notices of thread {thread_id}, or died while doing so")
}

/// Takes the right to publish a thread's notices, if nobody has it.
async fn take(app: &App, thread_id: i64) -> Result<Option<Lease>, DbErr> {
    app.db()
        .write(|tx| async move {
            let (token, now) = (tx.next_id(), tx.now().timestamp_millis());
            let text = "UPDATE threads SET publisher = $2, publishing_until = $3 \
                        WHERE id = $1 AND (publishing_until IS NULL OR publishing_until < $4)";
            let until = now + LEASE.num_milliseconds();
            let values = [thread_id.into(), token.into(), until.into(), now.into()];
            let taken = sql::execute(&tx, text, values).await?;
            Ok((taken > 0).then_some(Lease { thread_id, token }))
        })
        .await
}

/// Publishes all notices of a thread, until there are none.
async fn publish(app: &App, lease: Lease) -> anyhow::Result<()> {
    loop {
        let Some((waiting, through)) = waiting(app, lease.thread_id).await? else {
            return Ok(());
        };
        let outcome = match notices(app, lease.thread_id, &waiting).await {
            Ok(notices) => tell(app, &notices).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = outcome {
            metrics::counter!("selflink_thread_notices_failed_total").increment(1);
            give_up(app, lease).await?;
            return Err(error);
        }
        measure(app, &waiting);
        if !finish(app, lease, through).await? {
            return Ok(());
        }
    }
}

async fn tell(app: &App, notices: &[Notice]) -> anyhow::Result<()> {
    match tokio::time::timeout(PATIENCE, realtime::publish(app, notices)).await {
        Ok(published) => Ok(published?),
        Err(_) => anyhow::bail!("the message broker took longer than {} s", PATIENCE.as_secs()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a metric")]
fn measure(app: &App, published: &[Waiting]) {
    metrics::counter!("selflink_thread_notices_published_total").increment(published.len() as u64);
    let now = app.clock().now();
    for notice in published {
        let delay = (now - notice.created_at).num_microseconds().unwrap_or(i64::MAX);
        metrics::histogram!("selflink_thread_notice_delay_seconds").record(delay as f64 / 1e6);
    }
}

/// The next notices of a thread, and up to which id they are all there are; `None` if the thread is gone.
async fn waiting(app: &App, thread_id: i64) -> Result<Option<(Vec<Waiting>, i64)>, DbErr> {
    let text = format!(
        "SELECT t.last_notice_id, n.id, n.actor_id, n.recipients, n.frame, n.created_at FROM threads t \
         LEFT JOIN thread_notices n ON n.thread_id = t.id WHERE t.id = $1 ORDER BY n.id LIMIT {BATCH}"
    );
    let rows = sql::rows(app.db().reader(), text, [thread_id.into()]).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let last: i64 = first.try_get_by_index(0)?;
    let notices = rows.iter().map(Waiting::read);
    let notices: Vec<Waiting> = notices.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    let through = match notices.last() {
        Some(notice) if notices.len() == BATCH => notice.id,
        _ => last,
    };
    Ok(Some((notices, through)))
}

/// Forgets what was published up to an id, and gives the right back unless there is more; whether there is.
async fn finish(app: &App, lease: Lease, through: i64) -> Result<bool, DbErr> {
    app.db()
        .write(|tx| async move {
            // The thread before its notices, as everywhere. Whether there is more is asked of the thread's row itself: whoever
            // adds some holds it, and has it look again.
            let text = "UPDATE threads SET publisher = NULL, publishing_until = NULL \
                        WHERE id = $1 AND publisher = $2 AND last_notice_id <= $3";
            let values = [lease.thread_id.into(), lease.token.into(), through.into()];
            let is_done = sql::execute(&tx, text, values).await? > 0;
            let has_more = !is_done && renew(&tx, lease).await?;
            let text = "DELETE FROM thread_notices WHERE thread_id = $1 AND id <= $2";
            sql::execute(&tx, text, [lease.thread_id.into(), through.into()]).await?;
            Ok(has_more)
        })
        .await
}

/// Keeps the right for longer; false if it was lost, or the thread is gone.
async fn renew(tx: &Tx, lease: Lease) -> Result<bool, DbErr> {
    let until = tx.now().timestamp_millis() + LEASE.num_milliseconds();
    let text = "UPDATE threads SET publishing_until = $3 WHERE id = $1 AND publisher = $2";
    let values = [lease.thread_id.into(), lease.token.into(), until.into()];
    Ok(sql::execute(tx, text, values).await? > 0)
}

/// Gives the right back with the notices still there.
async fn give_up(app: &App, lease: Lease) -> Result<(), DbErr> {
    app.db()
        .write(|tx| async move {
            let text = "UPDATE threads SET publisher = NULL, publishing_until = NULL WHERE id = $1 AND publisher = $2";
            sql::execute(&tx, text, [lease.thread_id.into(), lease.token.into()])
                .await
                .map(drop)
        })
        .await
}

/// The notices as they are told: to whoever belongs to the thread by now.
async fn notices(app: &App, thread_id: i64, waiting: &[Waiting]) -> Result<Vec<Notice>, DbErr> {
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let on = app.db().reader();
    let members = access::members(on, thread_id).await?;
    let mut apart: HashMap<UserId, Vec<UserId>> = HashMap::new();
    let actors: HashSet<UserId> = waiting.iter().filter_map(|notice| notice.actor).collect();
    for actor in actors {
        let ties = ties(on, actor, &members).await?;
        let others = ties.into_iter().filter(|(_, ties)| ties.are_apart());
        apart.insert(actor, others.map(|(user, _)| user).collect());
    }
    let messages: Vec<i64> = waiting
        .iter()
        .filter(|notice| notice.frame.is_none())
        .map(|notice| notice.id)
        .collect();
    let views = views::messages_shown_to(app, None, &messages).await?;
    let frames: HashMap<i64, Map<String, Value>> =
        views.iter().map(|view| (view.id, frame_of(view))).collect();
    let told = waiting.iter().filter_map(|notice| {
        // A message may be gone again.
        let frame = notice.frame.as_ref().or_else(|| frames.get(&notice.id))?;
        let apart = notice.actor.and_then(|actor| apart.get(&actor));
        let is_told = |user: &UserId| {
            let is_meant = notice.recipients.as_ref().is_none_or(|to| to.contains(&user.0));
            is_meant && !apart.is_some_and(|apart| apart.contains(user))
        };
        Some(Notice {
            to: members.iter().copied().filter(is_told).collect(),
            event_id: notice.id,
            frame: frame.clone(),
        })
    });
    Ok(told.filter(|notice| !notice.to.is_empty()).collect())
}

/// A new message as its members are told of it. Its ids are texts there.
fn frame_of(message: &MessageView) -> Map<String, Value> {
    let mut payload = json!(message);
    payload["id"] = message.id.to_string().into();
    payload["thread"] = message.thread.to_string().into();
    Map::from_iter([
        ("type".to_owned(), "message:new".into()),
        ("payload".to_owned(), payload),
    ])
}
