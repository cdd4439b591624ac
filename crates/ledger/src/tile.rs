//! Tiles: how a tree and its entries are cut into files that never change. [C2SP tlog-tiles], with tiles of height 8.
//!
//! A tile of level L holds the hashes of the tree's level 8 × L, 256 of them when it is full. The last tile of a level may be
//! partial: it has its width in its name, and a wider one comes under another name, so every file is immutable.
//!
//! [C2SP tlog-tiles]: https://c2sp.org/tlog-tiles

use std::fmt::Write as _;

use crate::Hash;

/// How many levels of the tree one level of tiles spans.
pub const HEIGHT: u32 = 8;
/// Hashes or entries in a full tile.
pub const WIDTH: u16 = 256;
/// Levels of tiles that a tree of up to 2⁶⁴ entries can have.
const LEVELS: u8 = 8;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// The entries themselves (an «entry bundle»).
    Entries,
    /// Hashes of the tree's level 8 × this.
    Hashes(u8),
}

/// The name of one tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// What it holds.
    pub layer: Layer,
    /// Its place in the layer, from 0.
    pub index: u64,
    /// How many hashes or entries it has: 1 to 256.
    pub width: u16,
}

impl Tile {
    /// The tile at that place as a tree of `size` entries has it, or none where the tree does not reach.
    pub fn in_tree(layer: Layer, index: u64, size: u64) -> Option<Self> {
        let left = items(layer, size).checked_sub(index.checked_mul(WIDTH.into())?)?;
        let width = u16::try_from(left.min(WIDTH.into())).ok()?;
        (width > 0).then_some(Self { layer, index, width })
    }

    /// All tiles of a layer of a tree of `size` entries, in order.
    pub fn all(layer: Layer, size: u64) -> impl Iterator<Item = Self> {
        let count = items(layer, size).div_ceil(WIDTH.into());
        (0..count).filter_map(move |index| Self::in_tree(layer, index, size))
    }

    /// The layers of hashes that a tree of `size` entries has.
    pub fn hash_layers(size: u64) -> impl Iterator<Item = Layer> {
        let layers = (0..LEVELS).map(Layer::Hashes);
        layers.take_while(move |layer| items(*layer, size) > 0)
    }

    /// Is it as wide as a tile can be?
    pub fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// The tile at the same place when it is full, where a partial one may already be gone.
    #[must_use]
    pub fn full(&self) -> Self {
        Self {
            width: WIDTH,
            ..*self
        }
    }

    /// Its path below the log's prefix: `tile/<L>/<N>[.p/<W>]`, with N in groups of three digits.
    pub fn path(&self) -> String {
        let mut path = match self.layer {
            Layer::Entries => "tile/entries/".to_owned(),
            Layer::Hashes(level) => format!("tile/{level}/"),
        };
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (after, group) in groups.iter().enumerate().rev() {
            // Writing to a String cannot fail.
            let _ = if after > 0 {
                write!(path, "x{group:03}/")
            } else {
                write!(path, "{group:03}")
            };
        }
        if !self.is_full() {
            let _ = write!(path, ".p/{}", self.width);
        }
        path
    }

    /// Reads what [`Self::path`] writes, and nothing else.
    pub fn parse(path: &str) -> Option<Self> {
        let (layer, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let layer = match layer {
            "entries" => Layer::Entries,
            level => Layer::Hashes(level.parse().ok().filter(|level| *level < LEVELS)?),
        };
        let (place, width) = match rest.split_once(".p/") {
            Some((place, width)) => (
                place,
                width.parse().ok().filter(|width| (1..WIDTH).contains(width))?,
            ),
            None => (rest, WIDTH),
        };
        let mut index: u64 = 0;
        for group in place.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let tile = Self { layer, index, width };
        // Signs, zeros too many and groups of other lengths do not come back the same.
        (tile.path() == path).then_some(tile)
    }

    /// The hashes in the bytes of this tile, or none when there are not as many as its width says.
    pub fn hashes(&self, bytes: &[u8]) -> Option<Vec<Hash>> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let whole = rest.is_empty() && hashes.len() == usize::from(self.width);
        whole.then(|| hashes.iter().copied().map(Hash).collect())
    }

    /// The entries in the bytes of this bundle, or none when there are not as many as its width says.
    pub fn entries<'a>(&self, mut bytes: &'a [u8]) -> Option<Vec<&'a [u8]>> {
        let mut entries = Vec::with_capacity(self.width.into());
        while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
            let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
            entries.push(entry);
            bytes = rest;
        }
        (bytes.is_empty() && entries.len() == usize::from(self.width)).then_some(entries)
    }
}

/// Appends an entry to a bundle, or says no when it is of 64 KiB or more.
#[must_use]
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else {
        return false;
    };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

fn items(layer: Layer, size: u64) -> u64 {
    match layer {
        Layer::Entries => size,
        Layer::Hashes(level) => size.checked_shr(u32::from(level) * HEIGHT).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |layer, index, width| Tile { layer, index, width };
        for (tile, path) in [
            (tile(Layer::Hashes(0), 0, 256), "tile/0/000"),
            (tile(Layer::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067"),
            (tile(Layer::Hashes(1), 273, 112), "tile/1/273.p/112"),
            (tile(Layer::Entries, 1_000, 1), "tile/entries/x001/000.p/1"),
        ] {
            assert_eq!(tile.path(), path);
            assert_eq!(Tile::parse(path), Some(tile));
        }
        for path in [
            "tile/0/0",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/x000/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/+1/000",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/x+01/000",
            "tile/00/000",
            "tile/0/000.p/05",
            "tile/entries/../000",
            "",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/0/000/",
            "tile/0/",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_tree_of_70000_has_three_layers() {
        let widths = |layer| {
            Tile::all(layer, 70_000)
                .map(|tile| tile.width)
                .collect::<Vec<_>>()
        };
        assert_eq!(Tile::hash_layers(70_000).count(), 3);
        assert_eq!(widths(Layer::Hashes(0)).len(), 274);
        assert_eq!(widths(Layer::Hashes(0)).last(), Some(&112));
        assert_eq!(widths(Layer::Hashes(1)), [256, 17]);
        assert_eq!(widths(Layer::Hashes(2)), [1]);
        assert_eq!(Tile::hash_layers(0).count(), 0);
        assert_eq!(Tile::in_tree(Layer::Entries, u64::MAX, 10), None);
    }

    proptest! {
        #[test]
        fn no_path_and_no_bytes_panic(path in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..600), width in 1..=WIDTH) {
            let _ = Tile::parse(&path);
            let _ = Tile::parse(&format!("tile/{path}"));
            let tile = Tile { layer: Layer::Entries, index: 0, width };
            let _ = (tile.hashes(&bytes), tile.entries(&bytes));
        }

        #[test]
        fn a_bundle_gives_back_its_entries(entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..20)) {
            let mut bundle = Vec::new();
            for entry in &entries {
                prop_assert!(push_entry(&mut bundle, entry));
            }
            let tile = Tile { layer: Layer::Entries, index: 0, width: u16::try_from(entries.len()).unwrap() };
            prop_assert_eq!(tile.entries(&bundle).unwrap(), entries);
        }
    }
}
