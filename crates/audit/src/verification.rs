//! The check of the whole chain, from its first event to its head.

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult as _, QueryFilter as _,
    QueryOrder as _, QueryResult, QuerySelect as _, QueryTrait as _,
};
use serde_json::{Map, Value};

use crate::{
    canonical::{self, Hashed},
    entities::{audit_events, audit_head},
};

/// Events in memory at a time.
const BATCH: u64 = 1000;

/// An intact chain.
pub struct Verified {
    /// How many events it has.
    pub events: i64,
    /// The hash of the last one.
    pub head: Option<String>,
    /// Whether the hash that was noted is among theirs.
    pub has_noted: bool,
}

/// The event that was looked at last, and what was found on the way to it.
#[derive(Default)]
struct Walk {
    sequence: i64,
    hash: String,
    created_at: Option<DateTime<Utc>>,
    has_noted: bool,
}

/// Walks the chain; the error names the first event that is not as it was appended. Events that are appended meanwhile
/// are looked at as well.
pub async fn verify(on: &impl ConnectionTrait, noted: Option<&str>) -> anyhow::Result<Verified> {
    let mut walk = Walk::default();
    let mut after = i64::MIN;
    loop {
        let rows = batch(on, after).await?;
        for row in &rows {
            after = row.try_get("", "sequence")?;
            walk.step(row, noted)?;
        }
        if !rows.is_empty() {
            continue;
        }
        let head = audit_head::Entity::find_by_id(audit_head::ROW).one(on).await?;
        let head_sequence = head.as_ref().map_or(0, |head| head.sequence);
        if head_sequence > walk.sequence && !batch(on, after).await?.is_empty() {
            continue;
        }
        walk.ends_at(head.as_ref())?;
        return Ok(Verified {
            events: walk.sequence,
            head: Some(walk.hash).filter(|hash| !hash.is_empty()),
            has_noted: walk.has_noted,
        });
    }
}

/// The rows behind a sequence number, read one value at a time: what was tampered with may not even be a row of ours.
async fn batch(on: &impl ConnectionTrait, after: i64) -> anyhow::Result<Vec<QueryResult>> {
    let query = audit_events::Entity::find()
        .filter(audit_events::Column::Sequence.gt(after))
        .order_by_asc(audit_events::Column::Sequence)
        .limit(BATCH)
        .build(on.get_database_backend());
    Ok(on.query_all_raw(query).await?)
}

impl Walk {
    fn step(&mut self, row: &QueryResult, noted: Option<&str>) -> anyhow::Result<()> {
        let sequence: i64 = row.try_get("", "sequence")?;
        let event = audit_events::Model::from_query_result(row, "")
            .with_context(|| format!("event {sequence}: it cannot be read"))?;
        self.follow(&event)
            .with_context(|| format!("event {sequence} ({})", event.id))?;
        self.has_noted |= noted == Some(event.hash_self.as_str());
        (self.sequence, self.created_at) = (event.sequence, Some(event.created_at));
        self.hash = event.hash_self;
        Ok(())
    }

    /// Checks the event that comes next.
    fn follow(&self, event: &audit_events::Model) -> anyhow::Result<()> {
        let expected = self.sequence + 1;
        ensure!(
            event.sequence == expected,
            "it follows event {}: what was between them is missing",
            self.sequence
        );
        ensure!(
            event.hash_prev == self.hash,
            "hash_prev is not the hash of the event before"
        );
        ensure!(
            self.created_at.is_none_or(|before| before < event.created_at),
            "created_at is not later than that of the event before"
        );
        let metadata: Map<String, Value> =
            serde_json::from_str(&event.metadata).context("metadata is no JSON object")?;
        ensure!(
            canonical::object(&metadata) == event.metadata,
            "metadata is not in its canonical form"
        );
        let hash = Hashed {
            prev: &event.hash_prev,
            created_at: event.created_at,
            actor_user_id: event.actor_user_id,
            action: &event.action,
            object_type: &event.object_type,
            object_id: &event.object_id,
            metadata: &metadata,
        }
        .hash();
        ensure!(
            hash == event.hash_self,
            "hash_self is not the hash of its content, which is {hash}"
        );
        Ok(())
    }

    /// Checks that the chain ends where its head says.
    fn ends_at(&self, head: Option<&audit_head::Model>) -> anyhow::Result<()> {
        let Some(head) = head else {
            ensure!(self.sequence == 0, "the head of the audit trail is missing");
            return Ok(());
        };
        if head.sequence != self.sequence {
            bail!(
                "the head of the audit trail is event {}, but the last event is {}",
                head.sequence,
                self.sequence
            );
        }
        ensure!(
            head.hash == self.hash && self.created_at.is_none_or(|at| at == head.created_at),
            "event {}: the head of the audit trail is not this event as it is now",
            self.sequence
        );
        Ok(())
    }
}
