//! A Merkle tree that grows: [RFC 6962, section 2.1]. What it needs to grow by an entry is the roots of the perfect subtrees
//! that it is made of, one for each bit of its size (a «compact range»), however large it is.
//!
//! [RFC 6962, section 2.1]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use crate::Hash;
use crate::tile::{HEIGHT, Layer, Tile, WIDTH};

/// Why tiles did not give what was asked of them.
#[derive(Debug, thiserror::Error)]
pub enum TileError<E: Display> {
    /// The tile could not be read.
    #[error("{}: {error}", .tile.path())]
    Read {
        /// Which one.
        tile: Tile,
        /// What the reader said.
        error: E,
    },
    /// The tile has not the length that its name says.
    #[error("{}: {bytes} bytes are not {} hashes", .tile.path(), .tile.width)]
    Length {
        /// Which one.
        tile: Tile,
        /// How long it is.
        bytes: usize,
    },
    /// The tree has no such part.
    #[error("a tree of {size} entries has no entries {start} to {end}")]
    Range {
        /// The tree's size.
        size: u64,
        /// First entry asked for.
        start: u64,
        /// Entry after the last one asked for.
        end: u64,
    },
}

/// The roots of the perfect subtrees of a tree, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    peaks: Vec<Hash>,
}

/// A node of the tree: its level (0 is the leaves), its place there, its hash.
pub type Node = (u32, u64, Hash);

impl CompactRange {
    /// A tree of that size with these subtrees, or none when the size has not as many.
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let fits = usize::try_from(size.count_ones()).is_ok_and(|count| count == peaks.len());
        fits.then_some(Self { size, peaks })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees, the largest first: all that must be stored to go on.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let from_the_right = self.peaks.iter().rev().copied();
        from_the_right
            .reduce(|right, left| Hash::node(left, right))
            .unwrap_or_else(Hash::empty)
    }

    /// Adds a leaf and appends every node that is complete by it to `completed`, leaf included, from below: as many as the
    /// tree is high at most, two on average.
    pub fn append(&mut self, leaf: Hash, completed: &mut Vec<Node>) {
        let (mut level, mut index, mut hash) = (0, self.size, leaf);
        completed.push((level, index, hash));
        while index % 2 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = Hash::node(left, hash);
            index /= 2;
            level += 1;
            completed.push((level, index, hash));
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Adds leaves and returns the tiles of hashes that are new or wider now, with their bytes, in their widest form. `read`
    /// is asked for at most one partial tile of each layer as it was before.
    pub fn append_to_tiles<E: Display>(
        &mut self,
        leaves: impl IntoIterator<Item = Hash>,
        mut read: impl FnMut(Tile) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<(Tile, Vec<u8>)>, TileError<E>> {
        let mut grown = self.clone();
        let mut completed = Vec::new();
        for leaf in leaves {
            grown.append(leaf, &mut completed);
        }
        let mut tiles: BTreeMap<(u32, u64), Vec<u8>> = BTreeMap::new();
        for (level, index, hash) in completed.into_iter().filter(|(level, ..)| level % HEIGHT == 0) {
            let place = (level / HEIGHT, index / u64::from(WIDTH));
            let bytes = match tiles.entry(place) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => {
                    let before = tile_at(place, self.size)
                        .map_or(Ok(Vec::new()), |tile| read_whole(tile, &mut read))?;
                    free.insert(before)
                }
            };
            bytes.extend_from_slice(&hash.0);
        }
        let size = grown.size;
        *self = grown;
        let named = tiles
            .into_iter()
            .filter_map(|(place, bytes)| Some((tile_at(place, size)?, bytes)));
        Ok(named.collect())
    }
}

fn tile_at((level, index): (u32, u64), size: u64) -> Option<Tile> {
    Tile::in_tree(Layer::Hashes(u8::try_from(level).ok()?), index, size)
}

fn read_whole<E: Display>(
    tile: Tile,
    read: &mut impl FnMut(Tile) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, TileError<E>> {
    let bytes = read(tile).map_err(|error| TileError::Read { tile, error })?;
    if bytes.len() == usize::from(tile.width) * 32 {
        Ok(bytes)
    } else {
        Err(TileError::Length {
            tile,
            bytes: bytes.len(),
        })
    }
}

/// A tree of a known size, read from its tiles. Each tile is read once.
pub struct TiledTree<F> {
    size: u64,
    read: F,
    seen: HashMap<Tile, Vec<Hash>>,
}

impl<F, E> TiledTree<F>
where
    F: FnMut(Tile) -> Result<Vec<u8>, E>,
    E: Display,
{
    /// A tree of `size` entries whose tiles `read` knows.
    pub fn new(size: u64, read: F) -> Self {
        Self {
            size,
            read,
            seen: HashMap::new(),
        }
    }

    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree as it was at `size` entries, ready to grow.
    pub fn compact_range(&mut self, size: u64) -> Result<CompactRange, TileError<E>> {
        let peaks = self.subtrees(0, size)?;
        Ok(CompactRange { size, peaks })
    }

    /// The root of the entries from `start` up to and without `end`. `start` must be 0 or as far right as a subtree of the tree
    /// begins, as the parts in RFC 6962 do.
    pub fn root(&mut self, start: u64, end: u64) -> Result<Hash, TileError<E>> {
        let subtrees = self.subtrees(start, end)?;
        let from_the_right = subtrees.into_iter().rev();
        Ok(from_the_right
            .reduce(|right, left| Hash::node(left, right))
            .unwrap_or_else(Hash::empty))
    }

    /// The roots of the perfect subtrees that the range is made of, from the left.
    fn subtrees(&mut self, mut start: u64, end: u64) -> Result<Vec<Hash>, TileError<E>> {
        if end > self.size || start > end {
            return Err(TileError::Range {
                size: self.size,
                start,
                end,
            });
        }
        let mut roots = Vec::new();
        while start < end {
            let level = (end - start).ilog2().min(start.trailing_zeros());
            roots.push(self.node(level, start >> level)?);
            start += 1 << level;
        }
        Ok(roots)
    }

    /// The root of a perfect subtree, from the lowest tile that has its parts.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, TileError<E>> {
        let (within, width) = (level % HEIGHT, u64::from(WIDTH));
        let first = index << within;
        let missing = TileError::Range {
            size: self.size,
            start: index,
            end: index,
        };
        let Some(tile) = tile_at((level / HEIGHT, first / width), self.size) else {
            return Err(missing);
        };
        if !self.seen.contains_key(&tile) {
            let bytes = read_whole(tile, &mut self.read)?;
            self.seen.insert(tile, tile.hashes(&bytes).unwrap_or_default());
        }
        let from = usize::try_from(first % width).unwrap_or(usize::MAX);
        let parts = self
            .seen
            .get(&tile)
            .and_then(|hashes| hashes.get(from..from + (1 << within)));
        let mut parts = parts.ok_or(missing)?.to_vec();
        while parts.len() > 1 {
            parts = parts.chunks(2).map(|pair| Hash::node(pair[0], pair[1])).collect();
        }
        Ok(parts[0])
    }
}

#[cfg(test)]
pub(crate) mod tests;
