//! `selflink-verify diff`: two views of one log.

use std::collections::BTreeMap;

use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::entry::Entry;
use ledger::tree::TiledTree;
use serde_json::{Map, Value};

use crate::progress::Progress;
use crate::report::{Checked, Failure, Report, misbehaviour};
use crate::source::Source;
use crate::trust::Trust;
use crate::walk;

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// A server's address or a folder.
    first: String,
    /// Another view of the same log.
    second: String,
    #[command(flatten)]
    trust: Trust,
    /// How many of the entries that one has more to print.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

/// Runs it.
pub fn run(args: &Args, report: &mut Report, progress: Progress) -> Checked<()> {
    let sources = (
        Source::open(&args.first, None)?,
        Source::open(&args.second, None)?,
    );
    let keys = args.trust.keys(Some(&sources.0), report)?;
    let first = keys.checkpoint(&sources.0, report)?.checkpoint;
    let second = keys.checkpoint(&sources.1, report)?.checkpoint;
    let (old, new, newer) = if first.size <= second.size {
        (&first, &second, &sources.1)
    } else {
        (&second, &first, &sources.0)
    };
    report.fact("older_size", old.size);
    report.fact("newer_size", new.size);
    if old.size == new.size {
        return same_size(old, new, report);
    }
    let mut added = Added {
        limit: args.limit,
        ..Added::default()
    };
    extends(old, new, newer, progress, &mut added)?;
    report.checked(format!(
        "the view of {} entries is the beginning of the one of {}",
        old.size, new.size
    ));
    let kinds = added
        .kinds
        .into_iter()
        .map(|(kind, count)| (kind.to_owned(), Value::from(count)));
    report.fact("added", kinds.collect::<Map<_, _>>());
    report.fact("entries", added.entries);
    Ok(())
}

fn same_size(old: &Checkpoint, new: &Checkpoint, report: &mut Report) -> Checked<()> {
    if old.root == new.root {
        report.checked("both views are the same");
        return Ok(());
    }
    misbehaviour(format!(
        "the log shows two histories: it signed the roots {} and {} for {} entries",
        old.root, new.root, old.size
    ))
}

#[derive(Default)]
struct Added {
    kinds: BTreeMap<&'static str, u64>,
    entries: Vec<Value>,
    limit: usize,
}

impl Added {
    fn add(&mut self, index: u64, bytes: &[u8]) -> Checked<()> {
        let entry = walk::parse(index, bytes)?;
        *self
            .kinds
            .entry(entry.as_ref().map_or("of kinds that came later", Entry::kind))
            .or_default() += 1;
        if self.entries.len() < self.limit {
            let entry: Value = serde_json::from_slice(bytes).unwrap_or_default();
            self.entries
                .push(serde_json::json!({"index": index, "entry": entry}));
        }
        Ok(())
    }
}

/// Builds the newer tree on the older one: the older root must come out of the newer tiles, and with the entries that were
/// added the newer root.
fn extends(
    old: &Checkpoint,
    new: &Checkpoint,
    newer: &Source,
    progress: Progress,
    added: &mut Added,
) -> Checked<()> {
    let unreadable = |error: ledger::tree::TileError<Failure>| Failure::Unchecked(error.to_string());
    let mut tree = TiledTree::new(new.size, |tile| newer.read_tile(tile));
    let root = tree.root(0, new.size).map_err(unreadable)?;
    if root != new.root {
        return misbehaviour(format!(
            "the tiles have the root {root}, the signed one is {}",
            new.root
        ));
    }
    let mut range = tree.compact_range(old.size).map_err(unreadable)?;
    if range.root() != old.root {
        return misbehaviour(format!(
            "the log shows two histories: it signed the root {} for {} entries, and one that extends {} instead",
            old.root,
            old.size,
            range.root()
        ));
    }
    let bar = progress.entries(new.size - old.size);
    let mut nodes = Vec::new();
    walk::each_entry(newer, old.size, new.size, |index, entry| {
        range.append(Hash::leaf(entry), &mut nodes);
        nodes.clear();
        bar.inc(1);
        added.add(index, entry)
    })?;
    bar.finish_and_clear();
    if range.root() == new.root {
        return Ok(());
    }
    misbehaviour(format!(
        "the published entries have the root {}, the signed one is {}",
        range.root(),
        new.root
    ))
}
