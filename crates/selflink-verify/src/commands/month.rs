//! `selflink-verify month`: a closed month, computed again from its events.
//!
//! The ledger file and the log are each read once, whatever their length; what is kept grows with the contributors. That both
//! hold the same events, though in different orders, is found by comparing sums of hashes: [`ledger::multiset`].

mod events;
mod snapshot;

use std::path::PathBuf;

use ledger::allocation::{Share, allocate, write_allocations};
use ledger::canonical::{self, Style};
use ledger::checkpoint::Checkpoint;
use ledger::entry::{Entry, Statement};
use ledger::tile::{Layer, Tile, WIDTH};
use ledger::tree::TiledTree;
use ledger::{ContributorId, Hash, Period, proof};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::history::check_statement;
use crate::progress::Progress;
use crate::report::{Checked, Failure, Report, misbehaviour, unchecked};
use crate::source::Source;
use crate::trust::Trust;

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// A server's address or a folder.
    source: String,
    /// The month, YYYY-MM.
    period: Period,
    #[command(flatten)]
    trust: Trust,
    /// Do not read the whole log: check that the month's statement is in it, but not that its events are.
    #[arg(long)]
    quick: bool,
    /// Also check the operator's snapshot of the month in this folder or at this address: snapshot.csv and manifest.json.
    #[arg(long, value_name = "PLACE")]
    snapshot: Option<String>,
    /// Show what this contributor gets.
    #[arg(long, value_name = "ID")]
    contributor: Option<ContributorId>,
    /// Keep the files that are read in this folder.
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
}

/// What a server says about a closed month.
#[derive(Deserialize)]
struct Document {
    period: Period,
    log_index: u64,
    statement: Value,
}

/// A month's statement and where it is in the log.
pub(crate) struct Stated {
    statement: Statement,
    index: u64,
    bytes: Vec<u8>,
}

/// Runs it.
pub fn run(args: &Args, report: &mut Report, progress: Progress) -> Checked<()> {
    let source = Source::open(&args.source, args.save.as_deref())?;
    let keys = args.trust.keys(Some(&source), report)?;
    // Before the checkpoint, which then covers it.
    let stated = read_statement(&source, args.period)?;
    let checkpoint = keys.checkpoint(&source, report)?.checkpoint;
    if stated.index >= checkpoint.size {
        return unchecked(format!(
            "the checkpoint does not cover entry {} with the month's statement yet",
            stated.index
        ));
    }
    prove_statement(&source, &checkpoint, &stated)?;
    report.checked(format!(
        "the statement of {} is entry {} of the log",
        args.period, stated.index
    ));

    let events = events::read(&source, &checkpoint, &stated, progress)?;
    check_statement(&stated.statement, &events.totals)?;
    report.checked(format!(
        "{} events with {} points hash to the stated ledger hash",
        events.totals.events(),
        events.totals.points()
    ));
    let shares = allocate(events.totals.contributors(), stated.statement.pool_cents);
    compare_allocations(&source, &stated.statement, &shares)?;
    report.checked(format!(
        "pool of {} cents and {} shares are what the events give, byte for byte",
        stated.statement.pool_cents,
        shares.len()
    ));
    if args.quick {
        report.warn("the log was not read: whether the month has the events of the log was not checked");
    } else {
        events::compare_with_log(&source, &checkpoint, &stated, &events, progress)?;
        report.checked("the month has exactly the events that were logged for it before it was closed, and none came after");
    }
    if let Some(place) = &args.snapshot {
        snapshot::compare(place, &stated.statement, events.csv_sha256)?;
        report.checked("the operator's snapshot and manifest are those of the month");
    }
    facts(args, &stated, &shares, report)
}

fn facts(args: &Args, stated: &Stated, shares: &[Share], report: &mut Report) -> Checked<()> {
    report.fact("log_index", stated.index);
    report.fact(
        "statement",
        serde_json::to_value(&stated.statement).unwrap_or_default(),
    );
    report.fact("contributors", shares.len());
    let Some(contributor) = args.contributor else {
        return Ok(());
    };
    let Some(share) = shares.iter().find(|share| share.contributor == contributor) else {
        return unchecked(format!(
            "contributor {contributor} has no events in {}",
            args.period
        ));
    };
    let Share {
        points, amount_cents, ..
    } = share;
    report.fact(
        "share",
        json!({"contributor": contributor, "points": points, "amount_cents": amount_cents}),
    );
    Ok(())
}

fn read_statement(source: &Source, period: Period) -> Checked<Stated> {
    let unreadable = |what: String| Failure::Unchecked(format!("the document about {period}: {what}"));
    let bytes = source.read_month(period)?;
    let document: Document = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    let bytes = canonical::to_string(&document.statement, Style::Log).into_bytes();
    let entry = Entry::parse(&bytes).map_err(|error| unreadable(error.to_string()))?;
    let Entry::Period(statement) = entry else {
        return Err(unreadable(format!("its statement is of kind {}", entry.kind())));
    };
    if document.period != period || statement.period != period {
        return misbehaviour(format!(
            "asked for {period}, got {} with the statement of {}",
            document.period, statement.period
        ));
    }
    Ok(Stated {
        statement,
        index: document.log_index,
        bytes,
    })
}

/// The statement must be the entry of the log that it says it is.
fn prove_statement(source: &Source, checkpoint: &Checkpoint, stated: &Stated) -> Checked<()> {
    let (index, size, width) = (stated.index, checkpoint.size, u64::from(WIDTH));
    let mut tree = TiledTree::new(size, |tile| source.read_tile(tile));
    let path =
        proof::inclusion(&mut tree, index, size).map_err(|error| Failure::Unchecked(error.to_string()))?;
    let leaf = Hash::leaf(&stated.bytes);
    if let Err(error) = proof::verify_inclusion(leaf, index, size, checkpoint.root, &path) {
        return misbehaviour(format!("the statement is not entry {index} of the log: {error}"));
    }
    let bundle = Tile::in_tree(Layer::Entries, index / width, size);
    let bundle = bundle.ok_or_else(|| Failure::Unchecked(format!("the log has no entry {index}")))?;
    let bytes = source.read_tile(bundle)?;
    let place = usize::try_from(index % width).unwrap_or(usize::MAX);
    match bundle
        .entries(&bytes)
        .and_then(|entries| entries.get(place).map(|entry| *entry == stated.bytes))
    {
        Some(true) => Ok(()),
        Some(false) => misbehaviour(format!("the log publishes another entry {index} than it signed")),
        None => unchecked(format!(
            "{} does not hold {} entries",
            bundle.path(),
            bundle.width
        )),
    }
}

/// The published allocations must be the computed ones.
fn compare_allocations(source: &Source, statement: &Statement, shares: &[Share]) -> Checked<()> {
    let mut expected = Vec::new();
    // Memory can always be written to.
    write_allocations(shares, &mut expected).map_err(|error| Failure::Unchecked(error.to_string()))?;
    let name = format!("periods/{}/allocations.csv", statement.period);
    let published = source.read(&name)?;
    if published == expected {
        return Ok(());
    }
    let (published, expected) = (
        String::from_utf8_lossy(&published),
        String::from_utf8_lossy(&expected),
    );
    let differing = published
        .lines()
        .zip(expected.lines())
        .enumerate()
        .find(|(_, (left, right))| left != right);
    match differing {
        Some((line, (left, right))) => misbehaviour(format!(
            "{name}: line {} is {left:?}, computed {right:?}",
            line + 1
        )),
        None => misbehaviour(format!(
            "{name}: {} bytes, computed {}",
            published.len(),
            expected.len()
        )),
    }
}
