//! Do two long lists hold the same things, in whatever order? Answered with the same small memory however long they are: the
//! ledger file is in the order of time, the log in the order of recording, and neither must be held whole.
//!
//! Each item is hashed with a key and the hashes are added modulo 2²⁵⁶ (an additive multiset hash, as in «Incremental Multiset
//! Hash Functions and Their Application to Memory Integrity Checking», Clarke et al., ASIACRYPT 2003). Sums without a key can be
//! forged by choosing items; so the key must depend on both lists, for example on hashes that commit to them: then a forger who
//! changes an item changes every other hash too. The sums are kept in many buckets, so that a difference can be looked for in a
//! small part of both lists.

use crate::{Hash, Sha256};

/// How many buckets the items are spread over.
pub const BUCKETS: usize = 1024;

/// The key of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(Hash);

impl Key {
    /// A key from hashes that commit to both lists.
    pub fn new(first: Hash, second: Hash) -> Self {
        Self(Hash::of(&[first.0, second.0].concat()))
    }
}

/// The sums over one list.
#[derive(Clone)]
pub struct Multiset {
    key: Key,
    count: u64,
    sums: Vec<[u64; 4]>,
}

impl Multiset {
    /// An empty list.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            count: 0,
            sums: vec![[0; 4]; BUCKETS],
        }
    }

    /// Adds an item. `place` decides on its bucket.
    pub fn add(&mut self, place: i64, item: &[u8]) {
        let mut hasher = Sha256::default();
        hasher.update(&self.key.0.0);
        hasher.update(item);
        let hash = hasher.finish();
        let (words, _) = hash.0.as_chunks::<8>();
        let mut carry = false;
        for (sum, word) in self.sums[bucket(place)].iter_mut().zip(words) {
            let (partial, first) = sum.overflowing_add(u64::from_le_bytes(*word));
            let (total, second) = partial.overflowing_add(u64::from(carry));
            *sum = total;
            carry = first || second;
        }
        self.count += 1;
    }

    /// The number of items.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The buckets in which the two lists differ; none when they hold the same.
    pub fn differences(&self, other: &Self) -> Vec<usize> {
        let pairs = self.sums.iter().zip(&other.sums).enumerate();
        pairs
            .filter(|(_, (left, right))| left != right)
            .map(|(index, _)| index)
            .collect()
    }
}

/// The bucket of an item at that place.
pub fn bucket(place: i64) -> usize {
    usize::try_from(place.rem_euclid(1024)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(items: &[i64]) -> Multiset {
        let mut list = Multiset::new(Key::new(Hash::empty(), Hash::of(b"b")));
        for item in items {
            list.add(*item, &item.to_be_bytes());
        }
        list
    }

    proptest! {
        #[test]
        fn only_the_same_items_are_the_same(mut items in proptest::collection::vec(-3000..3000_i64, 1..60), at in 0..60_usize) {
            let all = list(&items);
            items.reverse();
            prop_assert!(all.differences(&list(&items)).is_empty());
            let gone = items.remove(at % items.len());
            prop_assert_eq!(all.differences(&list(&items)), [bucket(gone)]);
            items.extend([gone, gone]);
            prop_assert_eq!(all.differences(&list(&items)), [bucket(gone)]);
            prop_assert_eq!(list(&items).count(), all.count() + 1);
        }
    }
}
