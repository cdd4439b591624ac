//! The events of a month: in its ledger file, and in the log.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read};

use indicatif::ProgressBar;
use ledger::allocation::Totals;
use ledger::checkpoint::Checkpoint;
use ledger::entry::{Entry, Event};
use ledger::ledger_file::{LedgerReader, Row, Tally};
use ledger::multiset::{Key, Multiset, bucket};
use ledger::{CsvError, EventId, Hash, Sha256, Zone};

use super::Stated;
use crate::progress::Progress;
use crate::report::{Checked, Failure, misbehaviour, unchecked};
use crate::source::Source;
use crate::walk::{self, Walk};

/// How many events are named when there are differences.
const EXAMPLES: usize = 5;

/// What the ledger file holds.
pub struct Events {
    pub totals: Totals,
    pub csv_sha256: Hash,
    multiset: Multiset,
}

/// Reads the ledger file and checks that it has the stated hash.
pub fn read(
    source: &Source,
    checkpoint: &Checkpoint,
    stated: &Stated,
    progress: Progress,
) -> Checked<Events> {
    let mut tally = Tally::new(stated.statement.period);
    let mut multiset = multiset(checkpoint, stated);
    let mut item = String::new();
    let csv_sha256 = each_row(source, stated, progress, |row| {
        tally
            .add(row)
            .map_err(|error| Failure::Misbehaviour(format!("ledger.csv: {error}")))?;
        write_row(&mut item, row);
        multiset.add(row.id.0, item.as_bytes());
        Ok(())
    })?;
    let (totals, hash) = tally.finish();
    let claimed = stated.statement.ledger_hash;
    if hash != claimed {
        return misbehaviour(format!(
            "ledger.csv: its events have the hash {hash}, the stated one is {claimed}"
        ));
    }
    Ok(Events {
        totals,
        csv_sha256,
        multiset,
    })
}

/// Checks that the log has the same events for the month, all of them before it was closed.
pub fn compare_with_log(
    source: &Source,
    checkpoint: &Checkpoint,
    stated: &Stated,
    events: &Events,
    progress: Progress,
) -> Checked<()> {
    let mut logged = multiset(checkpoint, stated);
    let mut item = String::new();
    each_logged(source, checkpoint, stated, progress, |event| {
        write_event(&mut item, event);
        logged.add(event.event_id.0, item.as_bytes());
    })?;
    match events.multiset.differences(&logged).first() {
        None => Ok(()),
        Some(differing) => explain(
            source,
            checkpoint,
            stated,
            *differing,
            (events.multiset.count(), logged.count()),
        ),
    }
}

/// Sums that cannot be forged: the key depends on the root of the log and on the hash of the ledger file.
fn multiset(checkpoint: &Checkpoint, stated: &Stated) -> Multiset {
    Multiset::new(Key::new(checkpoint.root, stated.statement.ledger_hash))
}

/// What the ledger file and the log both say about an event. The reference comes last, as it may hold anything.
fn write_item(
    item: &mut String,
    id: EventId,
    fields: [&dyn std::fmt::Display; 3],
    at: &str,
    reference: &str,
) {
    let [contributor, event_type, points] = fields;
    *item = format!("{id},{contributor},{event_type},{points},{at},{reference}");
}

fn write_row(item: &mut String, row: &Row) {
    let at = row.occurred_at.format(Zone::Zulu);
    write_item(
        item,
        row.id,
        [&row.contributor, &row.event_type, &row.points],
        &at,
        &row.reference,
    );
}

fn write_event(item: &mut String, event: &Event) {
    let at = event.occurred_at.format(Zone::Zulu);
    write_item(
        item,
        event.event_id,
        [&event.contributor, &event.event_type, &event.points],
        &at,
        &event.reference,
    );
}

/// Reads the ledger file row by row and returns its SHA-256.
fn each_row(
    source: &Source,
    stated: &Stated,
    progress: Progress,
    mut visit: impl FnMut(&Row) -> Checked<()>,
) -> Checked<Hash> {
    let stream = source.stream(&format!("periods/{}/ledger.csv", stated.statement.period))?;
    let bar = progress.bytes("ledger.csv", stream.length);
    let mut hashing = BufReader::with_capacity(
        1 << 18,
        Hashing {
            from: stream.content,
            hasher: Sha256::default(),
            bar,
        },
    );
    let mut reader = LedgerReader::new(&mut hashing).map_err(unreadable)?;
    while let Some(row) = reader.next_row().map_err(unreadable)? {
        visit(&row)?;
    }
    let Hashing { hasher, bar, .. } = hashing.into_inner();
    bar.finish_and_clear();
    Ok(hasher.finish())
}

fn unreadable(error: CsvError) -> Failure {
    match error {
        CsvError::Io(error) => Failure::Unchecked(format!("ledger.csv: {error}")),
        CsvError::Format { .. } => Failure::Misbehaviour(format!("ledger.csv: {error}")),
    }
}

/// Hashes what is read.
struct Hashing {
    from: Box<dyn BufRead>,
    hasher: Sha256,
    bar: ProgressBar,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.bar.inc(u64::try_from(count).unwrap_or_default());
        Ok(count)
    }
}

/// Reads the log whole and visits the events of the month. After the month's statement there must be none, and no other
/// statement of the month anywhere.
fn each_logged(
    source: &Source,
    checkpoint: &Checkpoint,
    stated: &Stated,
    progress: Progress,
    mut visit: impl FnMut(&Event),
) -> Checked<()> {
    let (period, closed) = (stated.statement.period, stated.index);
    let walk = Walk {
        source,
        checkpoint,
        hash_tiles: false,
        since: None,
        progress,
    };
    walk.run(&mut |index, bytes| {
        match walk::parse(index, bytes)? {
            Some(Entry::Event(event)) if event.occurred_at.period() == period => {
                if index > closed {
                    let id = event.event_id;
                    return misbehaviour(format!(
                        "entry {index}: event {id} is dated {period}, which entry {closed} closed"
                    ));
                }
                visit(&event);
            }
            Some(Entry::Period(other)) if other.period == period && index != closed => {
                return misbehaviour(format!("entries {closed} and {index} both close {period}"));
            }
            _ => {}
        }
        Ok(())
    })
}

/// Reads both again, but keeps only what falls into one bucket that differs, and names examples.
fn explain(
    source: &Source,
    checkpoint: &Checkpoint,
    stated: &Stated,
    differing: usize,
    counts: (u64, u64),
) -> Checked<()> {
    let quiet = Progress::new(true);
    let (mut in_file, mut in_log, mut item) = (BTreeSet::new(), BTreeSet::new(), String::new());
    let mut twice = None;
    each_row(source, stated, quiet, |row| {
        if bucket(row.id.0) == differing {
            write_row(&mut item, row);
            in_file.insert(item.clone());
        }
        Ok(())
    })?;
    each_logged(source, checkpoint, stated, quiet, |event| {
        if bucket(event.event_id.0) == differing {
            write_event(&mut item, event);
            if !in_log.insert(item.clone()) {
                twice = Some(item.clone());
            }
        }
    })?;
    let examples = |these: &BTreeSet<String>, others: &BTreeSet<String>| {
        let only: Vec<_> = these.difference(others).take(EXAMPLES).cloned().collect();
        if only.is_empty() {
            "none".to_owned()
        } else {
            only.join("; ")
        }
    };
    let (only_file, only_log) = (examples(&in_file, &in_log), examples(&in_log, &in_file));
    if in_file == in_log && twice.is_none() {
        return unchecked("ledger.csv or the log changed while they were read");
    }
    let twice = twice.map_or_else(String::new, |item| format!("; twice in the log: {item}"));
    misbehaviour(format!(
        "ledger.csv has {} events, the log {} for this month. For example, only in ledger.csv: {only_file}; only in the log: \
         {only_log}{twice}",
        counts.0, counts.1
    ))
}
