//! Reading the whole log and hashing it to its root.

use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::entry::{Entry, EntryError};
use ledger::tile::{HEIGHT, Layer, Tile, WIDTH};
use ledger::tree::{CompactRange, Node};

use crate::progress::Progress;
use crate::report::{Checked, misbehaviour, unchecked};
use crate::source::Source;

/// What is done with each entry: its place, its bytes.
pub type Visit<'a> = dyn FnMut(u64, &[u8]) -> Checked<()> + 'a;

/// How to read the log.
pub struct Walk<'a> {
    /// Where from.
    pub source: &'a Source,
    /// Up to which checkpoint.
    pub checkpoint: &'a Checkpoint,
    /// Compare the published hash tiles too?
    pub hash_tiles: bool,
    /// An earlier checkpoint that this one must extend.
    pub since: Option<&'a Checkpoint>,
    /// Where to show how far it is.
    pub progress: Progress,
}

impl Walk<'_> {
    /// Reads every entry from the first to the last and checks that they are what the checkpoint says.
    pub fn run(&self, visit: &mut Visit<'_>) -> Checked<()> {
        let mut reader = Reader {
            walk: self,
            range: CompactRange::default(),
            nodes: Vec::new(),
            tiles: Vec::new(),
        };
        let size = self.checkpoint.size;
        let bar = self.progress.entries(size);
        reader.compare_since()?;
        each_entry(self.source, 0, size, |index, entry| {
            reader.entry(entry)?;
            visit(index, entry)?;
            bar.inc(1);
            reader.compare_since()
        })?;
        reader.finish()?;
        bar.finish_and_clear();
        Ok(())
    }
}

/// Reads the entries from place `from` up to and without `size`.
pub fn each_entry(
    source: &Source,
    from: u64,
    size: u64,
    mut visit: impl FnMut(u64, &[u8]) -> Checked<()>,
) -> Checked<()> {
    let width = u64::from(WIDTH);
    // Not a list of them: the size is what a stranger signed, and may be any.
    let mut bundles =
        (from / width..size.div_ceil(width)).filter_map(|place| Tile::in_tree(Layer::Entries, place, size));
    loop {
        let batch: Vec<Tile> = bundles.by_ref().take(source.at_once()).collect();
        if batch.is_empty() {
            return Ok(());
        }
        for (bundle, bytes) in batch.iter().zip(source.read_tiles(&batch)) {
            let bytes = bytes?;
            let Some(entries) = bundle.entries(&bytes) else {
                return unchecked(format!(
                    "{} does not hold {} entries",
                    bundle.path(),
                    bundle.width
                ));
            };
            let places = bundle.index * width..;
            for (index, entry) in places.zip(entries).filter(|(index, _)| *index >= from) {
                visit(index, entry)?;
            }
        }
    }
}

struct Reader<'a> {
    walk: &'a Walk<'a>,
    range: CompactRange,
    nodes: Vec<Node>,
    /// For each layer of hash tiles the one that is being filled: its place and its bytes.
    tiles: Vec<(u64, Vec<u8>)>,
}

impl Reader<'_> {
    fn entry(&mut self, entry: &[u8]) -> Checked<()> {
        self.range.append(Hash::leaf(entry), &mut self.nodes);
        self.compare_tiles()
    }

    fn finish(mut self) -> Checked<()> {
        for level in 0..self.tiles.len() {
            self.compare_tile(level)?;
        }
        let (root, signed) = (self.range.root(), self.walk.checkpoint.root);
        if root == signed {
            return Ok(());
        }
        misbehaviour(format!(
            "the published entries have the root {root}, the signed one is {signed}"
        ))
    }

    fn compare_since(&self) -> Checked<()> {
        let since = self.walk.since.filter(|since| since.size == self.range.size());
        match since {
            Some(since) if since.root != self.range.root() => misbehaviour(format!(
                "the first {} entries were others when the earlier checkpoint was signed: their root was {} and is {} now",
                since.size,
                since.root,
                self.range.root()
            )),
            _ => Ok(()),
        }
    }

    fn compare_tiles(&mut self) -> Checked<()> {
        let nodes = std::mem::take(&mut self.nodes);
        let in_tiles = nodes
            .iter()
            .filter(|(level, ..)| self.walk.hash_tiles && level % HEIGHT == 0);
        for (level, index, hash) in in_tiles {
            let layer = usize::try_from(level / HEIGHT).unwrap_or_default();
            if layer == self.tiles.len() {
                self.tiles.push((0, Vec::new()));
            }
            let (place, bytes) = &mut self.tiles[layer];
            *place = index / u64::from(WIDTH);
            bytes.extend_from_slice(&hash.0);
            if bytes.len() == usize::from(WIDTH) * 32 {
                self.compare_tile(layer)?;
            }
        }
        self.nodes = nodes;
        self.nodes.clear();
        Ok(())
    }

    /// Compares the tile that was filled with the published one.
    fn compare_tile(&mut self, layer: usize) -> Checked<()> {
        let (place, bytes) = &mut self.tiles[layer];
        let hashes = u8::try_from(layer).map(Layer::Hashes);
        let tile = hashes
            .ok()
            .and_then(|layer| Tile::in_tree(layer, *place, self.walk.checkpoint.size));
        if let Some(tile) = tile.filter(|_| !bytes.is_empty())
            && self.walk.source.read_tile(tile)? != *bytes
        {
            return misbehaviour(format!(
                "{} does not hold the hashes of the published entries",
                tile.path()
            ));
        }
        bytes.clear();
        Ok(())
    }
}

/// Reads an entry. One of a kind that came after this program is none, but must be in the form of all.
pub fn parse(index: u64, bytes: &[u8]) -> Checked<Option<Entry>> {
    match Entry::parse(bytes) {
        Ok(entry) => Ok(Some(entry)),
        Err(EntryError::Kind(_)) => Ok(None),
        Err(error @ EntryError::Version(_)) => unchecked(format!("entry {index}: {error}")),
        Err(error) => misbehaviour(format!("entry {index}: {error}")),
    }
}
