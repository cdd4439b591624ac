//! Periodic jobs. Any number of schedulers may run: one leads, and even two leaders start each slot once, because the
//! slot is marked in the transaction that appends its event.

use std::{str::FromStr as _, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, SubsecRound as _, Utc};
use futures::FutureExt as _;
use sea_orm::{ConnectionTrait as _, DbErr, Statement};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    clock::random_hex,
    db::{Engine, Tx},
    jobs::{Enqueue, Job},
    outbox::{DomainEvent, Subscription},
};

/// How often a scheduler looks whether it leads and what is due.
const TICK: Duration = Duration::from_secs(1);
/// How long a leader that says nothing keeps the lead, in milliseconds.
const LEAD_MILLIS: i64 = 15_000;
/// A slot that was missed (no scheduler ran) is still started when it is no older than this.
const LATEST: chrono::Duration = chrono::Duration::hours(24);

/// When a job runs.
#[derive(Clone)]
pub struct Schedule {
    /// Unique, as `domain.what`.
    pub name: &'static str,
    /// Six fields: second, minute, hour, day of month, month, day of week; UTC.
    pub cron: &'static str,
    job: &'static str,
    payload: serde_json::Value,
}

impl Schedule {
    /// Runs `job` at the times of `cron`.
    pub fn of<J: Job>(name: &'static str, cron: &'static str, job: &J) -> Self {
        Self {
            name,
            cron,
            job: J::NAME,
            payload: serde_json::to_value(job).unwrap_or_default(),
        }
    }
}

/// A slot has come: the job is put into the queue.
#[derive(Debug, Serialize, Deserialize)]
struct SlotCame {
    schedule: String,
    slot: i64,
    job: String,
    payload: serde_json::Value,
}

impl DomainEvent for SlotCame {
    const NAME: &'static str = "platform.slot_came";
}

/// What the relay does with slots.
pub(crate) fn subscription() -> Subscription {
    Subscription {
        event: SlotCame::NAME,
        subscriber: "platform.jobs",
        handle: |app, event| enqueue(app, event).boxed(),
    }
}

async fn enqueue(app: App, event: crate::outbox::Event) -> anyhow::Result<()> {
    let slot: SlotCame = event.read()?;
    let key = format!("{}@{}", slot.schedule, slot.slot);
    app.jobs()
        .enqueue_named(
            &slot.job,
            slot.payload,
            Enqueue {
                key: Some(key),
                run_at: None,
            },
        )
        .await
}

/// Leads, or waits to lead, until stopped.
pub async fn run(app: App, schedules: Vec<Schedule>, stop: CancellationToken) -> anyhow::Result<()> {
    let parsed: Vec<(Schedule, cron::Schedule)> = schedules
        .into_iter()
        .map(|schedule| {
            let times = cron::Schedule::from_str(schedule.cron)
                .with_context(|| format!("schedule {}", schedule.name))?;
            Ok((schedule, times))
        })
        .collect::<anyhow::Result<_>>()?;
    let (holder, mut leads) = (random_hex::<8>(), false);
    while !stop.is_cancelled() {
        match lead(&app, &holder).await {
            Ok(now_leads) => {
                if now_leads != leads {
                    tracing::info!(leads = now_leads, "scheduler");
                }
                leads = now_leads;
                metrics::gauge!("selflink_scheduler_leads").set(if leads { 1.0 } else { 0.0 });
                for (schedule, times) in parsed.iter().filter(|_| leads) {
                    if let Err(error) = start_due_slot(&app, schedule, times).await {
                        tracing::warn!(schedule = schedule.name, %error, "could not start the slot; trying again");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the scheduler cannot reach the database; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = stop.cancelled() => {}
        }
    }
    resign(&app, &holder).await
}

/// Takes or keeps the lead; false while another has it.
async fn lead(app: &App, holder: &str) -> Result<bool, DbErr> {
    let engine = app.db().engine();
    let now = match engine {
        Engine::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    };
    let text = format!(
        "INSERT INTO leaders (duty, holder, expires_at) VALUES ('scheduler', $1, {now} + {LEAD_MILLIS}) \
         ON CONFLICT (duty) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at \
         WHERE leaders.holder = excluded.holder OR leaders.expires_at < {now}"
    );
    let statement = Statement::from_sql_and_values(engine.backend(), text, [holder.into()]);
    Ok(app
        .db()
        .pools()
        .writer()
        .execute_raw(statement)
        .await?
        .rows_affected()
        == 1)
}

/// Gives the lead back, so that another scheduler need not wait for it to run out.
async fn resign(app: &App, holder: &str) -> anyhow::Result<()> {
    let text = "DELETE FROM leaders WHERE duty = 'scheduler' AND holder = $1";
    let statement = Statement::from_sql_and_values(app.db().engine().backend(), text, [holder.into()]);
    app.db().pools().writer().execute_raw(statement).await?;
    Ok(())
}

/// Starts the latest slot that has come since the last one started; earlier ones that were missed are not made up for.
async fn start_due_slot(app: &App, schedule: &Schedule, times: &cron::Schedule) -> Result<(), DbErr> {
    let now = app.clock().now();
    let Some(slot) = latest_slot(times, now) else {
        return Ok(());
    };
    if last_started(app, schedule.name)
        .await?
        .is_some_and(|last| last >= slot.timestamp())
    {
        return Ok(());
    }
    app.db()
        .write(|tx| async move { start(&tx, schedule, slot).await })
        .await
}

fn latest_slot(times: &cron::Schedule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // Slots are whole seconds; the iterator goes back from before the given moment.
    let next_second = now.trunc_subsecs(0) + chrono::Duration::seconds(1);
    times
        .after(&next_second)
        .next_back()
        .filter(|slot| *slot > now - LATEST)
}

async fn last_started(app: &App, schedule: &str) -> Result<Option<i64>, DbErr> {
    let text = "SELECT slot FROM schedule_slots WHERE schedule = $1";
    let statement = Statement::from_sql_and_values(app.db().engine().backend(), text, [schedule.into()]);
    app.db()
        .reader()
        .query_one_raw(statement)
        .await?
        .map(|row| row.try_get("", "slot"))
        .transpose()
}

async fn start(tx: &Tx, schedule: &Schedule, slot: DateTime<Utc>) -> Result<(), DbErr> {
    let text = "INSERT INTO schedule_slots (schedule, slot) VALUES ($1, $2) \
         ON CONFLICT (schedule) DO UPDATE SET slot = excluded.slot WHERE schedule_slots.slot < excluded.slot";
    let values = [schedule.name.into(), slot.timestamp().into()];
    let marked = tx
        .execute_raw(Statement::from_sql_and_values(
            tx.get_database_backend(),
            text,
            values,
        ))
        .await?;
    if marked.rows_affected() == 0 {
        return Ok(());
    }
    let (name, job) = (schedule.name.to_owned(), schedule.job.to_owned());
    tx.append(&SlotCame {
        schedule: name,
        slot: slot.timestamp(),
        job,
        payload: schedule.payload.clone(),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_slot_counts() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        let times = cron::Schedule::from_str("0 0 */6 * * *").expect("is valid");
        assert_eq!(
            latest_slot(&times, at("2026-03-01T13:00:00Z")),
            Some(at("2026-03-01T12:00:00Z"))
        );
        assert_eq!(
            latest_slot(&times, at("2026-03-01T12:00:00Z")),
            Some(at("2026-03-01T12:00:00Z"))
        );
        assert_eq!(
            latest_slot(&times, at("2026-03-01T05:59:59Z")),
            Some(at("2026-03-01T00:00:00Z"))
        );
    }
}
