//! Proofs that an entry is in a tree and that one tree extends another, made from tiles and checked from nothing but the
//! hashes in them.
//!
//! Made as [RFC 6962, sections 2.1.1 and 2.1.2] define them, checked by the algorithms of [RFC 9162, sections 2.1.3.2 and
//! 2.1.4.2].
//!
//! [RFC 6962, sections 2.1.1 and 2.1.2]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1
//! [RFC 9162, sections 2.1.3.2 and 2.1.4.2]: https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2

use std::fmt::Display;

use crate::Hash;
use crate::tile::Tile;
use crate::tree::{TileError, TiledTree};

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Numbers for which no proof can exist.
    #[error("there is no proof for {part} in {whole}")]
    Impossible {
        /// The entry's index or the smaller tree's size.
        part: u64,
        /// The (larger) tree's size.
        whole: u64,
    },
    /// More or fewer hashes than a proof of this place has.
    #[error("the proof has {0} hashes, which is not the right number")]
    Length(usize),
    /// The proof leads to another root.
    #[error("the proof leads to root {computed}, not to {expected}")]
    Root {
        /// What the hashes amount to.
        computed: Hash,
        /// What they should.
        expected: Hash,
    },
}

/// The audit path of the entry at `index` in the tree's first `size` entries. `index` must be below `size`, `size` not above
/// the tree's.
pub fn inclusion<F, E>(tree: &mut TiledTree<F>, index: u64, size: u64) -> Result<Vec<Hash>, TileError<E>>
where
    F: FnMut(Tile) -> Result<Vec<u8>, E>,
    E: Display,
{
    if index >= size || size > tree.size() {
        return Err(TileError::Range {
            size: tree.size(),
            start: index,
            end: size,
        });
    }
    let (mut path, mut start, mut end) = (Vec::new(), 0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(tree.root(middle, end)?);
            end = middle;
        } else {
            path.push(tree.root(start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree's first `second` entries begin with its first `first`.
pub fn consistency<F, E>(tree: &mut TiledTree<F>, first: u64, second: u64) -> Result<Vec<Hash>, TileError<E>>
where
    F: FnMut(Tile) -> Result<Vec<u8>, E>,
    E: Display,
{
    if first > second || second > tree.size() {
        return Err(TileError::Range {
            size: tree.size(),
            start: first,
            end: second,
        });
    }
    let (mut path, mut start, mut end) = (Vec::new(), 0, second);
    if first == 0 {
        return Ok(path);
    }
    while first != end {
        let middle = start + split(end - start);
        if first <= middle {
            path.push(tree.root(middle, end)?);
            end = middle;
        } else {
            path.push(tree.root(start, middle)?);
            start = middle;
        }
    }
    // The first tree is a subtree of the second: whoever checks knows its root already, unless it is only a part of it.
    if start > 0 {
        path.push(tree.root(start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// The largest power of two below `size`, which is 2 or more.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Checks that `leaf` is the entry at `index` of the tree with this size and root.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Impossible {
            part: index,
            whole: size,
        });
    }
    let (mut place, mut last, mut computed) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length(path.len()));
        }
        if place % 2 == 1 || place == last {
            computed = Hash::node(*sibling, computed);
            climb_from_right(&mut place, &mut last);
        } else {
            computed = Hash::node(computed, *sibling);
        }
        place /= 2;
        last /= 2;
    }
    if last != 0 {
        return Err(ProofError::Length(path.len()));
    }
    equal(computed, root)
}

/// Checks that the tree of `second` entries begins with the tree of `first` entries.
pub fn verify_consistency(
    (first, first_root): (u64, Hash),
    (second, second_root): (u64, Hash),
    path: &[Hash],
) -> Result<(), ProofError> {
    let wrong_length = Err(ProofError::Length(path.len()));
    if first > second {
        return Err(ProofError::Impossible {
            part: first,
            whole: second,
        });
    }
    if first == 0 || first == second {
        // Every tree extends the empty one, whose root is known.
        let expected = if first == 0 { Hash::empty() } else { second_root };
        return if path.is_empty() {
            equal(first_root, expected)
        } else {
            wrong_length
        };
    }
    let known = first.is_power_of_two().then_some(first_root);
    let mut hashes = known.into_iter().chain(path.iter().copied());
    let Some(start) = hashes.next() else {
        return wrong_length;
    };
    let below = (first - 1).trailing_ones();
    let (mut place, mut last) = ((first - 1) >> below, (second - 1) >> below);
    let (mut old, mut new) = (start, start);
    for sibling in hashes {
        if last == 0 {
            return wrong_length;
        }
        if place % 2 == 1 || place == last {
            old = Hash::node(sibling, old);
            new = Hash::node(sibling, new);
            climb_from_right(&mut place, &mut last);
        } else {
            new = Hash::node(new, sibling);
        }
        place /= 2;
        last /= 2;
    }
    if last != 0 {
        return wrong_length;
    }
    equal(old, first_root)?;
    equal(new, second_root)
}

/// Up to where the node is a right child: nodes at the ragged right edge have no sibling on the way.
fn climb_from_right(place: &mut u64, last: &mut u64) {
    while *place != 0 && (*place).is_multiple_of(2) {
        *place /= 2;
        *last /= 2;
    }
}

fn equal(computed: Hash, expected: Hash) -> Result<(), ProofError> {
    if computed == expected {
        Ok(())
    } else {
        Err(ProofError::Root { computed, expected })
    }
}

#[cfg(test)]
mod tests;
