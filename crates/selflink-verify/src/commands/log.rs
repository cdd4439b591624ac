//! `selflink-verify log`: the whole log.

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::history::History;
use crate::progress::Progress;
use crate::report::{Checked, Failure, Report, unchecked};
use crate::source::Source;
use crate::trust::{Keys, Signed, Trust};
use crate::walk::Walk;

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// A server's address or a folder.
    source: String,
    #[command(flatten)]
    trust: Trust,
    /// A checkpoint kept from an earlier run: what the log had then must still be there.
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Keep the files that are read in this folder.
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
}

/// Runs it.
pub fn run(args: &Args, report: &mut Report, progress: Progress) -> Checked<()> {
    let source = Source::open(&args.source, args.save.as_deref())?;
    let keys = args.trust.keys(Some(&source), report)?;
    let signed = keys.checkpoint(&source, report)?;
    let since = args
        .since
        .as_ref()
        .map(|file| earlier(file, &keys, &signed))
        .transpose()?;
    let mut history = History::default();
    let walk = Walk {
        source: &source,
        checkpoint: &signed.checkpoint,
        hash_tiles: true,
        since: since.as_ref().map(|since| &since.checkpoint),
        progress,
    };
    walk.run(&mut |index, entry| history.add(index, entry))?;
    report.checked(format!(
        "all {} entries hash to the signed root, and so do the tiles",
        signed.checkpoint.size
    ));
    if let Some(since) = since {
        report.checked(format!(
            "the log extends the earlier checkpoint of {} entries",
            since.checkpoint.size
        ));
    }
    report.checked("every entry is in its one form, no event is logged twice, none came into a closed month");
    report.checked(format!(
        "{} closed months: pool, sums and allocations are what their events give",
        history.closed().len()
    ));
    let kinds = history
        .kinds()
        .iter()
        .map(|(kind, count)| ((*kind).to_owned(), Value::from(*count)));
    report.fact("entries", kinds.collect::<Map<_, _>>());
    report.fact("size", signed.checkpoint.size);
    report.fact("root", signed.checkpoint.root.to_string());
    let closed = history
        .closed()
        .keys()
        .map(|period| Value::from(period.to_string()));
    report.fact("closed_months", closed.collect::<Vec<_>>());
    Ok(())
}

fn earlier(file: &PathBuf, keys: &Keys, now: &Signed) -> Checked<Signed> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Unchecked(format!("{}: {error}", file.display())))?;
    let since = keys.open(&text)?;
    if since.checkpoint.size > now.checkpoint.size {
        return unchecked(format!(
            "the source is behind: the earlier checkpoint has {} entries, the one published now {}",
            since.checkpoint.size, now.checkpoint.size
        ));
    }
    Ok(since)
}
