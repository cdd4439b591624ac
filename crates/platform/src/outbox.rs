//! Events, written in the transaction of the change they tell of and delivered after its commit.
//!
//! Every long-running process relays: right after its own commits, and once a second whatever a process that died has
//! left. Delivery is at least once, so subscribers are idempotent by event id; the order between processes is not kept.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    db::{Engine, Tx, sql},
};

/// Events handed out to a relay at a time.
const BATCH: u32 = 100;
/// How long a relay may take for a batch before others may deliver it as well.
const CLAIM_MILLIS: i64 = 30_000;
/// How often the table is looked at when nothing was committed here.
const POLL: Duration = Duration::from_secs(1);
/// Longest pause between two attempts at an event that a subscriber refuses.
const LONGEST_PAUSE_MILLIS: i64 = 900_000;

/// Something that happened, as a domain declares it; its payload is its serde form.
pub trait DomainEvent: Serialize + DeserializeOwned + Send + Sync {
    /// `domain.what_happened`
    const NAME: &'static str;
}

/// An event on its way to its subscribers.
#[derive(Debug, Clone)]
pub struct Event {
    /// Unique: subscribers use it to recognise a second delivery.
    pub id: i64,
    /// [`DomainEvent::NAME`]
    pub name: String,
    /// The serde form of the [`DomainEvent`].
    pub payload: serde_json::Value,
    attempts: i32,
}

impl Event {
    /// The event as its domain declared it.
    pub fn read<E: DomainEvent>(&self) -> anyhow::Result<E> {
        Ok(E::deserialize(&self.payload)?)
    }
}

/// What a subscriber does with an event.
pub type Handler = fn(App, Event) -> BoxFuture<'static, anyhow::Result<()>>;

/// A domain's interest in an event. The handler is idempotent by event id, and quick: heavy work goes to a job.
#[derive(Clone)]
pub struct Subscription {
    /// [`DomainEvent::NAME`]
    pub event: &'static str,
    /// Who subscribes, for logs.
    pub subscriber: &'static str,
    /// What is done.
    pub handle: Handler,
}

impl Tx {
    /// Appends an event to this transaction: it is delivered if, and only if, the transaction commits.
    pub async fn append<E: DomainEvent>(&self, event: &E) -> Result<(), DbErr> {
        let payload = serde_json::to_value(event)
            .map_err(|error| DbErr::Custom(format!("event {}: {error}", E::NAME)))?;
        let values = [
            self.next_id().into(),
            E::NAME.into(),
            payload.into(),
            self.now().into(),
        ];
        let text = "INSERT INTO outbox (id, name, payload, created_at) VALUES ($1, $2, $3, $4)";
        self.execute_raw(Statement::from_sql_and_values(
            self.get_database_backend(),
            text,
            values,
        ))
        .await?;
        self.note_event();
        Ok(())
    }
}

/// Delivers events until stopped.
pub async fn relay(app: App, subscriptions: Arc<[Subscription]>, stop: CancellationToken) {
    let committed = app.db().committed();
    loop {
        match deliver_batch(&app, &subscriptions).await {
            Ok(0) => {}
            Ok(_) if stop.is_cancelled() => return,
            Ok(_) => continue,
            Err(error) => tracing::warn!(%error, "the outbox could not be read; trying again"),
        }
        tokio::select! {
            () = committed.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Delivers everything that is due: for commands, which end before a relay would come by.
pub async fn drain(app: &App, subscriptions: &[Subscription]) -> Result<(), DbErr> {
    while deliver_batch(app, subscriptions).await? > 0 {}
    Ok(())
}

/// Waits until the events of these names that are in the outbox now are delivered, at most for `patience`: for readers of
/// what a subscriber writes, who should find what was written before they asked. Events that a subscriber has refused are
/// not waited for.
pub async fn settle(app: &App, names: &[&str], patience: Duration) -> Result<(), DbErr> {
    const PAUSE: Duration = Duration::from_millis(4);
    let deadline = tokio::time::Instant::now() + patience;
    let names = names
        .iter()
        .map(|name| format!("'{name}'"))
        .collect::<Vec<_>>()
        .join(", ");
    let text = format!("SELECT max(id) FROM outbox WHERE name IN ({names}) AND attempts <= 1 AND id <= $1");
    let mut newest = i64::MAX;
    loop {
        let statement =
            Statement::from_sql_and_values(app.db().engine().backend(), text.as_str(), [newest.into()]);
        let row = app.db().reader().query_one_raw(statement).await?;
        let Some(waiting) = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten() else {
            return Ok(());
        };
        newest = newest.min(waiting);
        if tokio::time::Instant::now() >= deadline {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A condition in SQL: true while an event `E` is on its way whose field is this id, given as a placeholder.
pub fn on_its_way<E: DomainEvent>(field: &str, id: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM outbox o WHERE o.name = '{}' AND CAST(o.payload ->> '{field}' AS BIGINT) = {id})",
        E::NAME
    )
}

async fn deliver_batch(app: &App, subscriptions: &[Subscription]) -> Result<usize, DbErr> {
    let events = claim(app).await?;
    let mut delivered = Vec::with_capacity(events.len());
    for event in &events {
        match deliver(app, subscriptions, event).await {
            Ok(()) => delivered.push(event.id),
            Err(error) => postpone(app, event, &error).await?,
        }
    }
    if !delivered.is_empty() {
        let ids = delivered
            .iter()
            .map(i64::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let done = sql(
            app.db().engine(),
            format!("DELETE FROM outbox WHERE id IN ({ids})"),
        );
        app.db().pools().writer().execute_raw(done).await?;
    }
    Ok(events.len())
}

/// Hands an event to all its subscribers at the same time: none waits for another, nor for one that refuses it.
async fn deliver(app: &App, subscriptions: &[Subscription], event: &Event) -> anyhow::Result<()> {
    let concerned = subscriptions
        .iter()
        .filter(|subscription| subscription.event == event.name);
    let handled = concerned.map(|subscription| async {
        let handled = AssertUnwindSafe((subscription.handle)(app.clone(), event.clone())).catch_unwind();
        // A panic must not end the relay, and with it the process: it would meet the same event again and again.
        let outcome = handled.await.unwrap_or_else(|_| Err(anyhow::anyhow!("panicked")));
        outcome.map_err(|error| error.context(format!("subscriber {}", subscription.subscriber)))
    });
    for outcome in join_all(handled).await {
        outcome?;
    }
    metrics::counter!("selflink_events_delivered_total", "event" => event.name.clone()).increment(1);
    Ok(())
}

fn now(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

/// Takes a batch for this process alone, for [`CLAIM_MILLIS`].
async fn claim(app: &App) -> Result<Vec<Event>, DbErr> {
    let engine = app.db().engine();
    let (now, skip) = (
        now(engine),
        if engine == Engine::Postgres {
            "FOR UPDATE SKIP LOCKED"
        } else {
            ""
        },
    );
    let due = format!("SELECT id FROM outbox WHERE due_at <= {now} ORDER BY due_at, id LIMIT {BATCH}");
    // A look on the reader first: an idle relay must not take SQLite's only writer once a second.
    if app
        .db()
        .reader()
        .query_one_raw(sql(engine, due.clone()))
        .await?
        .is_none()
    {
        return Ok(Vec::new());
    }
    let claim = format!(
        "UPDATE outbox SET due_at = {now} + {CLAIM_MILLIS}, attempts = attempts + 1 \
         WHERE id IN ({due} {skip}) RETURNING id, name, payload, attempts"
    );
    let rows = app
        .db()
        .pools()
        .writer()
        .query_all_raw(sql(engine, claim))
        .await?;
    let mut events = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    events.sort_by_key(|event| event.id);
    Ok(events)
}

fn read(row: &QueryResult) -> Result<Event, DbErr> {
    Ok(Event {
        id: row.try_get("", "id")?,
        name: row.try_get("", "name")?,
        payload: row.try_get("", "payload")?,
        attempts: row.try_get("", "attempts")?,
    })
}

async fn postpone(app: &App, event: &Event, error: &anyhow::Error) -> Result<(), DbErr> {
    tracing::error!(
        event = event.name,
        id = event.id,
        attempts = event.attempts,
        "event not delivered: {error:#}"
    );
    metrics::counter!("selflink_events_refused_total", "event" => event.name.clone()).increment(1);
    let engine = app.db().engine();
    let pause = (1000_i64 << event.attempts.clamp(0, 20)).min(LONGEST_PAUSE_MILLIS);
    let text = format!(
        "UPDATE outbox SET due_at = {} + {pause}, last_error = $1 WHERE id = $2",
        now(engine)
    );
    let values = [format!("{error:#}").into(), event.id.into()];
    app.db()
        .pools()
        .writer()
        .execute_raw(Statement::from_sql_and_values(engine.backend(), text, values))
        .await?;
    Ok(())
}

/// How many events wait, for metrics and health.
pub async fn waiting(app: &App) -> Result<i64, DbErr> {
    let row = app
        .db()
        .reader()
        .query_one_raw(sql(app.db().engine(), "SELECT count(*) AS n FROM outbox"))
        .await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}
