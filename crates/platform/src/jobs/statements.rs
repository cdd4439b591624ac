//! The statements on apalis' tables that apalis does not have. Both engines take the same SQL but for the names of
//! the tables and the arithmetic of time.

use std::time::Duration;

use anyhow::Context as _;
use chrono::DateTime;
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement, Value};

use super::{
    DeadJob, Envelope, JobCounts,
    store::{Pool, QUEUE, Store},
    worker,
};

/// How long a finished job, and with it its idempotency key, is kept at least.
pub(super) const KEYS_KEPT: Duration = Duration::from_hours(24);
/// How long a dead letter is kept at least.
pub(super) const DEAD_KEPT: Duration = Duration::from_hours(30 * 24);
/// An error's text is cut here, in bytes.
const LONGEST_ERROR: usize = 4000;

/// What became of an attempt.
pub(super) enum Report {
    Done,
    Retry {
        error: String,
        delay: Duration,
    },
    Dead {
        error: String,
    },
    /// Not an attempt that counts: the worker had to stop.
    HandBack,
}

impl Store {
    /// Marks a fetched job as running its attempt number `attempt`. `false`: it is no longer this worker's.
    ///
    /// This and [`Self::report`] may be repeated when the answer got lost: they look at the attempts so far.
    pub(super) async fn claim(&self, id: &str, worker: &str, attempt: u32) -> anyhow::Result<bool> {
        let sql = format!(
            "UPDATE {{jobs}} SET status = 'Running', lock_at = {}
            WHERE id = $1 AND lock_by = $2 AND attempts = $3 - 1 AND status IN ('Queued', 'Running')",
            self.now()
        );
        Ok(self
            .execute(&sql, [id.into(), worker.into(), attempt.into()])
            .await?
            == 1)
    }

    /// Writes down what became of attempt number `attempt`. `false`: the job is no longer this worker's.
    pub(super) async fn report(
        &self,
        id: &str,
        worker: &str,
        attempt: u32,
        report: &Report,
    ) -> anyhow::Result<bool> {
        let mut values: Vec<Value> = vec![id.into(), worker.into(), attempt.into()];
        let change = match report {
            Report::HandBack => "status = 'Pending'".to_owned(),
            Report::Done => {
                values.push(r#"{"Ok":null}"#.into());
                format!("status = 'Done', {}, done_at = {}", self.result(), self.now())
            }
            Report::Dead { error } => {
                values.push(failure(error).into());
                format!("status = 'Killed', {}, done_at = {}", self.result(), self.now())
            }
            Report::Retry { error, delay } => {
                values.extend([failure(error).into(), delay.as_secs_f64().into()]);
                format!(
                    "status = 'Pending', {}, run_at = {}",
                    self.result(),
                    self.after("$5")
                )
            }
        };
        let sql = format!(
            "UPDATE {{jobs}} SET {change}, lock_by = NULL, lock_at = NULL
            WHERE id = $1 AND lock_by = $2 AND attempts = $3 - 1 AND status = 'Running'"
        );
        Ok(self.execute(&sql, values).await? == 1)
    }

    /// Renews the lease on everything that this worker holds.
    pub(super) async fn keep_alive(&self, worker: &str) -> anyhow::Result<()> {
        let sql = format!("UPDATE {{workers}} SET last_seen = {} WHERE id = $1", self.now());
        self.execute(&sql, [worker.into()]).await.map(drop)
    }

    /// Frees what the worker has fetched and not begun.
    pub(super) async fn release_unbegun(&self, worker: &str) -> anyhow::Result<()> {
        self.release(worker, "status = 'Queued'").await
    }

    /// Ends a worker: what it still holds is free at once. A fetch that was under way may yet lock a job in its
    /// name, so the worker is also marked as long dead; the next heartbeat of another frees that job.
    pub(super) async fn retire(&self, worker: &str) -> anyhow::Result<()> {
        self.release(worker, "status IN ('Queued', 'Running')").await?;
        let bury = format!(
            "UPDATE {{workers}} SET last_seen = {} WHERE id = $1",
            self.after("$2")
        );
        let long_ago = -KEYS_KEPT.as_secs_f64();
        self.execute(&bury, [worker.into(), long_ago.into()])
            .await
            .map(drop)
    }

    async fn release(&self, worker: &str, which: &str) -> anyhow::Result<()> {
        let sql = format!(
            "UPDATE {{jobs}} SET status = 'Pending', lock_by = NULL, lock_at = NULL WHERE lock_by = $1 AND {which}"
        );
        self.execute(&sql, [worker.into()]).await.map(drop)
    }

    pub(super) async fn dead(&self, limit: u32) -> anyhow::Result<Vec<DeadJob>> {
        let epoch = self.pick("done_at", "CAST(EXTRACT(EPOCH FROM done_at) AS BIGINT)");
        let sql = format!(
            "SELECT id, job, attempts, last_result ->> 'Err' AS error, {epoch} AS died_at
            FROM {{jobs}} WHERE job_type = '{QUEUE}' AND status = 'Killed'
            ORDER BY done_at DESC, id DESC LIMIT $1"
        );
        let rows = self
            .db
            .query_all_raw(self.statement(&sql, [i64::from(limit).into()]))
            .await?;
        rows.iter().map(dead_job).collect()
    }

    pub(super) async fn retry_dead(&self, id: &str) -> anyhow::Result<bool> {
        let sql = format!(
            "UPDATE {{jobs}} SET status = 'Pending', attempts = 0, run_at = {}, done_at = NULL
            WHERE id = $1 AND job_type = '{QUEUE}' AND status = 'Killed'",
            self.now()
        );
        Ok(self.execute(&sql, [id.into()]).await? == 1)
    }

    pub(super) async fn counts(&self) -> anyhow::Result<JobCounts> {
        let sql = format!(
            "SELECT status, COUNT(*) AS jobs FROM {{jobs}} WHERE job_type = '{QUEUE}' GROUP BY status"
        );
        let mut counts = JobCounts::default();
        for row in self.db.query_all_raw(self.statement(&sql, [])).await? {
            let jobs = u64::try_from(row.try_get::<i64>("", "jobs")?)?;
            match row.try_get::<String>("", "status")?.as_str() {
                "Done" => counts.done += jobs,
                "Killed" => counts.dead += jobs,
                "Queued" | "Running" => counts.running += jobs,
                _ => counts.pending += jobs,
            }
        }
        Ok(counts)
    }

    /// apalis' own vacuum is of no use here: on SQLite it compares a number with a text and so deletes whatever
    /// has finished, however recently; on PostgreSQL there is none.
    pub(super) async fn vacuum(&self, older_than: Duration) -> anyhow::Result<u64> {
        let delete = format!(
            "DELETE FROM {{jobs}} WHERE job_type = '{QUEUE}' AND status = $1 AND done_at < {}",
            self.after("$2")
        );
        let mut deleted = 0;
        for (status, kept) in [
            ("Done", older_than.max(KEYS_KEPT)),
            ("Killed", older_than.max(DEAD_KEPT)),
        ] {
            deleted += self
                .execute(&delete, [status.into(), (-kept.as_secs_f64()).into()])
                .await?;
        }
        let workers = format!(
            "DELETE FROM {{workers}} WHERE worker_type = '{QUEUE}' AND last_seen < {}
            AND NOT EXISTS (SELECT 1 FROM {{jobs}} WHERE lock_by = {{workers}}.id)",
            self.after("$1")
        );
        self.execute(&workers, [(-worker::LEASE.as_secs_f64() * 10.0).into()])
            .await?;
        Ok(deleted)
    }

    async fn execute(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> anyhow::Result<u64> {
        Ok(self
            .db
            .execute_raw(self.statement(sql, values))
            .await?
            .rows_affected())
    }

    fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        let sql = sql
            .replace("{jobs}", self.pick("Jobs", "apalis.jobs"))
            .replace("{workers}", self.pick("Workers", "apalis.workers"));
        let backend = self.pick(DbBackend::Sqlite, DbBackend::Postgres);
        Statement::from_sql_and_values(backend, sql, values)
    }

    fn pick<T>(&self, sqlite: T, postgres: T) -> T {
        match self.pool {
            Pool::Sqlite(_) => sqlite,
            Pool::Postgres(_) => postgres,
        }
    }

    // Every time is the store's: workers on machines whose clocks differ agree on it.
    fn now(&self) -> &'static str {
        self.pick("unixepoch()", "now()")
    }

    /// apalis keeps whole seconds on SQLite: rounded up, so that nothing is early.
    fn after(&self, seconds: &str) -> String {
        self.pick(
            format!("CAST(unixepoch('subsec') + {seconds} + 0.999 AS INTEGER)"),
            format!("now() + make_interval(secs => {seconds})"),
        )
    }

    fn result(&self) -> &'static str {
        self.pick(
            "attempts = $3, last_result = $4",
            "attempts = $3, last_result = CAST($4 AS jsonb)",
        )
    }
}

/// A failure in apalis' form. PostgreSQL's jsonb does not take NUL.
fn failure(error: &str) -> String {
    let end = error.floor_char_boundary(LONGEST_ERROR);
    serde_json::json!({ "Err": error[..end].replace('\0', "") }).to_string()
}

fn dead_job(row: &QueryResult) -> anyhow::Result<DeadJob> {
    let id: String = row.try_get("", "id")?;
    // Not serde's own error: it quotes the payload.
    let envelope: Envelope = serde_json::from_slice(&row.try_get::<Vec<u8>>("", "job")?)
        .map_err(|_| anyhow::anyhow!("job {id} is not in the form that this version writes"))?;
    Ok(DeadJob {
        name: envelope.name,
        attempts: u32::try_from(row.try_get::<i32>("", "attempts")?)?,
        error: row.try_get::<Option<String>>("", "error")?.unwrap_or_default(),
        died_at: DateTime::from_timestamp(row.try_get("", "died_at")?, 0).context("a time out of range")?,
        id,
    })
}
