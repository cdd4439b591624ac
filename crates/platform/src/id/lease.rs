//! Node numbers, leased from the database so that no two processes make ids with the same one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use sea_orm::{ConnectionTrait as _, Statement, Value};
use tokio_util::sync::CancellationToken;

use super::{Ids, Layout};
use crate::{
    clock::{Clock, random_bytes, random_hex},
    db::{Engine, Pools, sql},
};

/// How long a node stays with a process that says nothing.
const TERM: Duration = Duration::from_mins(1);
/// How often a process says that it is still there.
const RENEWAL: Duration = Duration::from_secs(10);
/// How soon it tries again when the database did not answer.
const RETRY: Duration = Duration::from_secs(1);
/// Nodes tried before giving up; each try meets a rival only by chance.
const TRIES: u32 = 50;

/// The lease of a node by this process: kept by [`NodeLease::keep`], ended by [`NodeLease::release`].
#[derive(Debug, Clone)]
pub struct NodeLease {
    node: u16,
    holder: String,
    ids: Arc<Ids>,
}

impl NodeLease {
    /// Leases a node that no process holds and that was last used before now, if there is one.
    pub async fn acquire(db: &Pools, layout: Layout, clock: &Clock) -> anyhow::Result<Self> {
        let holder = format!("{}/{}", this_process(), random_hex::<8>());
        for _ in 0..TRIES {
            let Some(free) = free_node(db, layout).await? else {
                break;
            };
            let claim = [
                i64::from(free.node).into(),
                holder.clone().into(),
                term_millis().into(),
                free.dead_holder.into(),
            ];
            // Counted from before the database is asked, so that we give up before others may take over.
            let asked = Instant::now();
            if execute(db, CLAIM, claim).await? == 1 {
                let ids = Arc::new(Ids::new(layout, free.node, free.used_until, clock.clone()));
                ids.lease_until(asked + TERM);
                return Ok(Self {
                    node: free.node,
                    holder,
                    ids,
                });
            }
        }
        anyhow::bail!(
            "no node number is free: {} processes of this instance already run (ID_LAYOUT={layout}), or some ended without \
             giving theirs back and keep it for {} s",
            layout.nodes(),
            TERM.as_secs()
        )
    }

    /// The generator of this process.
    pub fn ids(&self) -> Arc<Ids> {
        Arc::clone(&self.ids)
    }

    /// Renews the lease until stopped. While it cannot be renewed in time, transactions are refused as unavailable; if it
    /// was lost (another process has taken the node since), the process ends.
    pub async fn keep(self, db: Pools, stop: CancellationToken) -> anyhow::Result<()> {
        let mut pause = RENEWAL;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return self.release(&db).await,
            }
            let renewal = [
                term_millis().into(),
                self.ids.used_until().into(),
                i64::from(self.node).into(),
                self.holder.clone().into(),
            ];
            let asked = Instant::now();
            match execute(&db, RENEW, renewal).await {
                Ok(0) => anyhow::bail!(
                    "the lease of node {} was lost: this process must not make ids any more",
                    self.node
                ),
                Ok(_) => {
                    self.ids.lease_until(asked + TERM);
                    pause = RENEWAL;
                }
                Err(error) => {
                    tracing::warn!(%error, "could not renew the node lease; trying again");
                    pause = RETRY;
                }
            }
        }
    }

    /// Gives the node back, with the moment up to which it was used.
    pub async fn release(&self, db: &Pools) -> anyhow::Result<()> {
        let end = [
            self.ids.used_until().into(),
            i64::from(self.node).into(),
            self.holder.clone().into(),
        ];
        execute(db, RELEASE, end).await.map(drop)
    }
}

/// `NOW` stands for the database's clock in milliseconds: the clocks of several machines may differ.
const CLAIM: &str = "INSERT INTO node_leases (node, holder, expires_at, used_until) VALUES ($1, $2, NOW + $3, 0) \
     ON CONFLICT (node) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at \
     WHERE node_leases.expires_at < NOW OR node_leases.holder = $4";
const RENEW: &str =
    "UPDATE node_leases SET expires_at = NOW + $1, used_until = $2 WHERE node = $3 AND holder = $4";
const RELEASE: &str =
    "UPDATE node_leases SET expires_at = 0, used_until = $1 WHERE node = $2 AND holder = $3";
const TAKEN: &str = "SELECT node, holder, used_until, expires_at FROM node_leases ORDER BY node";

fn term_millis() -> i64 {
    i64::try_from(TERM.as_millis()).unwrap_or(i64::MAX)
}

fn with_clock(engine: Engine, text: &str) -> String {
    text.replace(
        "NOW",
        match engine {
            Engine::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        },
    )
}

async fn execute<const N: usize>(db: &Pools, text: &str, values: [Value; N]) -> anyhow::Result<u64> {
    let statement =
        Statement::from_sql_and_values(db.engine().backend(), with_clock(db.engine(), text), values);
    Ok(db
        .writer()
        .execute_raw(statement)
        .await
        .context("the node lease")?
        .rows_affected())
}

/// A node that can be claimed.
struct FreeNode {
    node: u16,
    /// Milliseconds since 1970 up to which ids of this node may exist.
    used_until: i64,
    /// The holder to take it from, when it ended without a word and its lease still runs; else empty.
    dead_holder: String,
}

/// A node without a holder: one whose use lies in the past, chosen at random; else one that is free but was used ahead of
/// the clock; else one whose holder is a process of this machine that has ended.
async fn free_node(db: &Pools, layout: Layout) -> anyhow::Result<Option<FreeNode>> {
    let now = db
        .reader()
        .query_one_raw(sql(db.engine(), with_clock(db.engine(), "SELECT NOW AS now")))
        .await?;
    let now: i64 = now.context("the database's clock")?.try_get("", "now")?;
    let mut nodes: Vec<Option<FreeNode>> = (0..layout.nodes())
        .map(|node| {
            Some(FreeNode {
                node,
                used_until: 0,
                dead_holder: String::new(),
            })
        })
        .collect();
    for row in db.reader().query_all_raw(sql(db.engine(), TAKEN)).await? {
        let (node, holder): (i64, String) = (row.try_get("", "node")?, row.try_get("", "holder")?);
        let (used_until, expires_at): (i64, i64) =
            (row.try_get("", "used_until")?, row.try_get("", "expires_at")?);
        let Some(slot) = usize::try_from(node).ok().and_then(|node| nodes.get_mut(node)) else {
            continue;
        };
        let dead_holder = if expires_at < now { String::new() } else { holder };
        let free = dead_holder.is_empty() || has_ended(&dead_holder);
        // A holder that ended without a word may have made ids until its lease ran out.
        *slot = slot.take().filter(|_| free).map(|slot| FreeNode {
            used_until: used_until.max(expires_at),
            dead_holder,
            ..slot
        });
    }
    let (mut settled, others): (Vec<FreeNode>, Vec<FreeNode>) = nodes
        .into_iter()
        .flatten()
        .partition(|free| free.used_until < now && free.dead_holder.is_empty());
    if settled.is_empty() {
        return Ok(others
            .into_iter()
            .min_by_key(|free| (!free.dead_holder.is_empty(), free.used_until)));
    }
    let chance = usize::from(u16::from_le_bytes(random_bytes())) % settled.len();
    Ok(Some(settled.swap_remove(chance)))
}

/// This boot of this machine, its namespace of process numbers, and this process, where the system tells.
fn this_process() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{}/{}/{}", boot.trim(), namespace.display(), std::process::id())
}

/// Whether a holder was a process of this machine that does not run any more. When in doubt, it runs.
fn has_ended(holder: &str) -> bool {
    let own = this_process();
    let (Some((machine, own_pid)), Some((process, _))) = (own.rsplit_once('/'), holder.rsplit_once('/'))
    else {
        return false;
    };
    match process.rsplit_once('/') {
        Some((other, pid)) if other == machine && machine.contains("pid:") => {
            pid == own_pid || !std::path::Path::new("/proc").join(pid).exists()
        }
        _ => false,
    }
}
