//! The operator's snapshot of a month.

use std::io::{Read as _, copy};

use ledger::entry::Statement;
use ledger::manifest::SnapshotManifest;
use ledger::{Hash, Sha256};

use crate::report::{Checked, Failure, misbehaviour};
use crate::source::Source;

/// Checks that `snapshot.csv` is the ledger file and `manifest.json` says so.
pub fn compare(place: &str, statement: &Statement, csv_sha256: Hash) -> Checked<()> {
    let source = Source::open(place, None)?;
    let mut stream = source.stream("snapshot.csv")?.content;
    let (mut hasher, mut piece) = (Sha256::default(), Vec::with_capacity(1 << 16));
    loop {
        piece.clear();
        let read = copy(&mut stream.by_ref().take(1 << 16), &mut piece);
        match read.map_err(|error| Failure::Unchecked(format!("snapshot.csv: {error}")))? {
            0 => break,
            _ => hasher.update(&piece),
        }
    }
    if hasher.finish() != csv_sha256 {
        return misbehaviour("snapshot.csv is not the month's ledger file");
    }
    let manifest = SnapshotManifest {
        contributor_pool_cents: statement.pool_cents,
        costs_cents: statement.costs_cents,
        csv_sha256,
        ledger_hash: statement.ledger_hash,
        period: statement.period,
        pool_percent: statement.pool_percent,
        revenue_cents: statement.revenue_cents,
        total_events: statement.total_events,
        total_points: statement.total_points,
    };
    let expected = manifest
        .to_json()
        .map_err(|error| Failure::Unchecked(error.to_string()))?;
    if source.read("manifest.json")? == expected.as_bytes() {
        return Ok(());
    }
    misbehaviour(format!(
        "manifest.json is not what the month's statement gives, which is {expected}"
    ))
}
