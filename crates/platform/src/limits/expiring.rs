use std::cmp::Reverse;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasher, Hash, RandomState};

/// How many outdated entries one access clears away: more than one, so that clearing outpaces adding.
const CLEARED_PER_ACCESS: usize = 2;
/// How many entries that turn out to live longer are passed over before one is dropped all the same.
const EXAMINED_TO_MAKE_ROOM: usize = 16;

/// A bounded map whose entries are forgotten when they expire, a few at each access, so that no access has
/// to wait for a sweep over everything.
///
/// Times are microseconds on a clock of the caller's. Keys are kept as 128-bit fingerprints under seeds of
/// this map's own: nothing is allocated to look one up, and nobody outside can make two collide.
pub(super) struct Expiring<V> {
    entries: HashMap<u128, Entry<V>>,
    /// When to look at each entry again; an entry may have been extended since.
    due: BinaryHeap<Reverse<(i64, u128)>>,
    max_entries: usize,
    seeds: (RandomState, RandomState),
}

pub(super) struct Entry<V> {
    pub value: V,
    pub expires_at: i64,
}

impl<V: Default> Expiring<V> {
    pub fn new(max_entries: usize) -> Self {
        Self {
            entries: HashMap::new(),
            due: BinaryHeap::new(),
            max_entries,
            seeds: (RandomState::new(), RandomState::new()),
        }
    }

    pub fn fingerprint(&self, key: impl Hash) -> u128 {
        u128::from(self.seeds.0.hash_one(&key)) << 64 | u128::from(self.seeds.1.hash_one(&key))
    }

    pub fn get_mut(&mut self, key: u128) -> Option<&mut Entry<V>> {
        self.entries.get_mut(&key)
    }

    /// The entry of `key`; a new one lives until `expires_at` and takes the place of the next to expire if the
    /// map is full.
    pub fn entry(&mut self, key: u128, expires_at: i64) -> &mut Entry<V> {
        if self.entries.len() >= self.max_entries && !self.entries.contains_key(&key) {
            self.make_room();
        }
        match self.entries.entry(key) {
            Occupied(entry) => entry.into_mut(),
            Vacant(place) => {
                self.due.push(Reverse((expires_at, key)));
                place.insert(Entry {
                    value: V::default(),
                    expires_at,
                })
            }
        }
    }

    pub fn clear_expired(&mut self, now: i64) {
        for _ in 0..CLEARED_PER_ACCESS {
            let Some(&Reverse((due, key))) = self.due.peek() else {
                return;
            };
            if due > now {
                return;
            }
            self.due.pop();
            match self.entries.get(&key) {
                Some(entry) if entry.expires_at > now => self.due.push(Reverse((entry.expires_at, key))),
                _ => drop(self.entries.remove(&key)),
            }
        }
    }

    fn make_room(&mut self) {
        for attempt in 1.. {
            let Some(Reverse((due, key))) = self.due.pop() else {
                return;
            };
            match self.entries.get(&key) {
                Some(entry) if entry.expires_at > due && attempt < EXAMINED_TO_MAKE_ROOM => {
                    self.due.push(Reverse((entry.expires_at, key)));
                }
                _ => {
                    self.entries.remove(&key);
                    return;
                }
            }
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_expired_and_keeps_what_was_extended() {
        let mut map = Expiring::<u32>::new(10);
        for key in 0..5 {
            map.entry(key, 100);
        }
        map.get_mut(3).unwrap().expires_at = 200;
        for _ in 0..5 {
            map.clear_expired(100);
        }
        assert_eq!(map.len(), 1);
        assert!(map.get_mut(3).is_some());
        map.clear_expired(200);
        assert_eq!(map.len(), 0);
        assert!(map.due.is_empty());
    }

    #[test]
    fn a_full_map_drops_the_next_to_expire() {
        let mut map = Expiring::<u32>::new(3);
        for (key, expires_at) in [(1, 300), (2, 100), (3, 200)] {
            map.entry(key, expires_at);
        }
        map.entry(2, 0).expires_at = 500;
        map.entry(4, 400);
        assert_eq!(map.len(), 3);
        assert!(map.get_mut(3).is_none());
        assert_eq!(map.due.len(), 3);
    }
}
