//! `selflink-verify receipt`: one entry.

use std::fs;
use std::path::PathBuf;

use ledger::entry::EntryError;
use ledger::proof;
use ledger::receipt::{Receipt, ReceiptError};
use ledger::tile::{Layer, Tile, WIDTH};
use ledger::tree::TiledTree;

use crate::report::{Checked, Failure, Report, misbehaviour, unchecked};
use crate::source::Source;
use crate::trust::{Keys, Trust};

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// The receipt.
    file: PathBuf,
    #[command(flatten)]
    trust: Trust,
    /// A server's address or a folder: the log must still have the entry.
    #[arg(long)]
    source: Option<String>,
    /// Make the receipt of the entry at this place of the source first.
    #[arg(long, value_name = "INDEX", requires = "source")]
    make: Option<u64>,
}

/// Runs it.
pub fn run(args: &Args, report: &mut Report) -> Checked<()> {
    let source = args
        .source
        .as_ref()
        .map(|source| Source::open(source, None))
        .transpose()?;
    let keys = args.trust.keys(source.as_ref(), report)?;
    if let (Some(index), Some(source)) = (args.make, &source) {
        make(index, source, &keys, args, report)?;
    }
    let file = args.file.display();
    let text =
        fs::read_to_string(&args.file).map_err(|error| Failure::Unchecked(format!("{file}: {error}")))?;
    let receipt: Receipt = text.parse()?;
    let (entry, checkpoint) = receipt.verify(keys.log())?;
    report.checked(format!(
        "entry {} of kind {} is in the log of {} as signed with {} entries",
        receipt.index,
        entry.kind(),
        checkpoint.origin,
        checkpoint.size
    ));
    report.fact("index", receipt.index);
    report.fact("entry", serde_json::to_value(&entry).unwrap_or_default());
    if let Some(source) = &source {
        still_there(source, &keys, (checkpoint.size, checkpoint.root), report)?;
    }
    Ok(())
}

impl From<ReceiptError> for Failure {
    fn from(error: ReceiptError) -> Self {
        match error {
            ReceiptError::Checkpoint(error) => error.into(),
            ReceiptError::Format(_) | ReceiptError::Entry(EntryError::Kind(_) | EntryError::Version(_)) => {
                Self::Unchecked(error.to_string())
            }
            // Anyone can write a receipt with a wrong proof: it says nothing about the log.
            ReceiptError::Proof(_) => Self::Unchecked(format!("the receipt proves nothing: {error}")),
            ReceiptError::Entry(_) => Self::Misbehaviour(error.to_string()),
        }
    }
}

fn make(index: u64, source: &Source, keys: &Keys, args: &Args, report: &mut Report) -> Checked<()> {
    let signed = keys.checkpoint(source, report)?;
    let (size, width) = (signed.checkpoint.size, u64::from(WIDTH));
    let Some(bundle) = Tile::in_tree(Layer::Entries, index / width, size).filter(|_| index < size) else {
        return unchecked(format!("the log has {size} entries, none at {index}"));
    };
    let bytes = source.read_tile(bundle)?;
    let place = usize::try_from(index % width).unwrap_or(usize::MAX);
    let entry = bundle
        .entries(&bytes)
        .and_then(|entries| entries.get(place).map(|entry| entry.to_vec()));
    let Some(entry) = entry else {
        return unchecked(format!(
            "{} does not hold {} entries",
            bundle.path(),
            bundle.width
        ));
    };
    let mut tree = TiledTree::new(size, |tile| source.read_tile(tile));
    let path =
        proof::inclusion(&mut tree, index, size).map_err(|error| Failure::Unchecked(error.to_string()))?;
    let receipt = Receipt {
        entry,
        index,
        path,
        checkpoint: signed.note,
    };
    let written = fs::write(&args.file, receipt.to_string());
    written.map_err(|error| Failure::Unchecked(format!("{}: {error}", args.file.display())))
}

/// Does what the source publishes now extend what was signed then?
fn still_there(source: &Source, keys: &Keys, then: (u64, ledger::Hash), report: &mut Report) -> Checked<()> {
    let now = keys.checkpoint(source, report)?.checkpoint;
    if now.size < then.0 {
        return unchecked(format!(
            "the source is behind: it has {} entries, the receipt's log had {}",
            now.size, then.0
        ));
    }
    let mut tree = TiledTree::new(now.size, |tile| source.read_tile(tile));
    let path = proof::consistency(&mut tree, then.0, now.size)
        .map_err(|error| Failure::Unchecked(error.to_string()))?;
    match proof::verify_consistency(then, (now.size, now.root), &path) {
        Ok(()) => report.checked("the log as it is published now extends the receipt's"),
        Err(error) => {
            return misbehaviour(format!(
                "the log as it is published now does not extend the receipt's: {error}"
            ));
        }
    }
    Ok(())
}
