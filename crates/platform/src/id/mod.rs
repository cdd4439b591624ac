//! Ids: 63-bit at most, sorted by time, unique across processes without asking the database for each.
//!
//! An id is `tick << (node bits + sequence bits) | node << sequence bits | sequence`, with ticks counted from
//! 2024-01-01T23:20:00Z. Two layouts exist; an instance keeps the one its database was first migrated with.

mod lease;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

pub use lease::NodeLease;

use crate::clock::Clock;

/// Milliseconds from 1970 to the first tick, 2024-01-01T23:20:00Z.
pub const EPOCH_MILLIS: i64 = 1_704_151_200_000;

/// How the bits of an id are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Layout {
    /// 41 bits of milliseconds, 10 of node, 12 of sequence: continues older data.
    Snowflake,
    /// Ticks of 16 ms, 5 bits of node, 8 of sequence: below 10^15 until 2085, so that JavaScript keeps every digit.
    Compact,
}
crate::choice_setting!(Layout);

impl Layout {
    const fn tick_shift(self) -> u32 {
        match self {
            Layout::Snowflake => 0,
            Layout::Compact => 4,
        }
    }

    const fn node_bits(self) -> u32 {
        match self {
            Layout::Snowflake => 10,
            Layout::Compact => 5,
        }
    }

    const fn sequence_bits(self) -> u32 {
        match self {
            Layout::Snowflake => 12,
            Layout::Compact => 8,
        }
    }

    /// How many processes can hold a node of their own at the same time.
    pub const fn nodes(self) -> u16 {
        1 << self.node_bits()
    }

    /// The tick of a moment; moments before the first tick count as the first.
    fn tick(self, unix_millis: i64) -> u64 {
        u64::try_from(unix_millis - EPOCH_MILLIS).unwrap_or(0) >> self.tick_shift()
    }

    /// The moment, in milliseconds since 1970, at which a tick begins.
    fn unix_millis(self, tick: u64) -> i64 {
        i64::try_from(tick << self.tick_shift()).unwrap_or(i64::MAX - EPOCH_MILLIS) + EPOCH_MILLIS
    }
}

/// Makes the ids of one process.
#[derive(Debug)]
pub struct Ids {
    layout: Layout,
    node: u64,
    clock: Clock,
    /// Tick and sequence of the last id, in one number: counting it up carries from the sequence into the tick.
    last: AtomicU64,
    /// Until when the node is certainly ours; `None`: for good.
    leased_until: Mutex<Option<Instant>>,
}

impl Ids {
    /// Ids of a node that no other process holds. `not_before` is the moment (milliseconds since 1970) up to which the
    /// node may have been used already.
    pub fn new(layout: Layout, node: u16, not_before: i64, clock: Clock) -> Self {
        let last = (layout.tick(not_before) + 1) << layout.sequence_bits();
        Self {
            layout,
            node: u64::from(node),
            clock,
            last: AtomicU64::new(last),
            leased_until: Mutex::new(None),
        }
    }

    /// The next id: greater than every earlier one of this process, whatever the clock does. When the ids of a tick are
    /// used up, or the clock has stepped back, it runs ahead of the clock instead of waiting for it.
    pub fn next(&self) -> i64 {
        let bits = self.layout.sequence_bits();
        let now = self.layout.tick(self.clock.unix_millis()) << bits;
        let following = |last: u64| now.max(last + 1);
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(following(last)));
        let next = following(last.unwrap_or_else(|last| last));
        let (tick, sequence) = (next >> bits, next & ((1 << bits) - 1));
        let id = tick << (bits + self.layout.node_bits()) | self.node << bits | sequence;
        i64::try_from(id).unwrap_or(i64::MAX)
    }

    /// The next id, and greater than `id` as well, which another process may have made whose clock is ahead of ours.
    pub fn next_after(&self, id: i64) -> i64 {
        let next = self.next();
        if next > id {
            return next;
        }
        let bits = self.layout.sequence_bits();
        let tick = u64::try_from(id).unwrap_or(0) >> (bits + self.layout.node_bits());
        // The whole tick of that id counts as used up here.
        self.last
            .fetch_max((tick << bits) | ((1 << bits) - 1), Ordering::Relaxed);
        self.next()
    }

    /// The smallest id that can be made at `moment`, for looking up by id what was made since.
    pub fn first_of(&self, moment: DateTime<Utc>) -> i64 {
        let tick = self.layout.tick(moment.timestamp_millis());
        let shift = self.layout.node_bits() + self.layout.sequence_bits();
        i64::try_from(tick << shift).unwrap_or(i64::MAX)
    }

    /// Whether the node is certainly still ours: a process that could not renew its lease in time must not write ids.
    pub fn is_leased(&self) -> bool {
        self.leased_until
            .lock()
            .is_none_or(|until| Instant::now() < until)
    }

    fn lease_until(&self, until: Instant) {
        *self.leased_until.lock() = Some(until);
    }

    /// The end, in milliseconds since 1970, of the last tick that was used.
    fn used_until(&self) -> i64 {
        self.layout
            .unix_millis((self.last.load(Ordering::Relaxed) >> self.layout.sequence_bits()) + 1)
    }

    /// The layout in force.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The node number of this process.
    pub fn node(&self) -> u64 {
        self.node
    }
}

/// Declares the id type of an entity: an `i64` that cannot be mistaken for the id of another entity.
#[macro_export]
macro_rules! id_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
            sea_orm::DeriveValueType,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id_type! {
    /// An account.
    UserId
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::Duration;

    use super::*;

    #[test]
    fn a_snowflake_holds_its_time_node_and_sequence() {
        let clock = Clock::system();
        let ids = Ids::new(Layout::Snowflake, 5, 0, clock.clone());
        let id = ids.next();
        assert!(((id >> 22) + EPOCH_MILLIS - clock.unix_millis()).abs() < 1000);
        assert_eq!((id >> 12) & 0x3ff, 5);
    }

    #[test]
    fn compact_ids_stay_exact_in_javascript() {
        let clock = Clock::system();
        clock.advance(Duration::days(365 * 30));
        let id = Ids::new(Layout::Compact, 31, 0, clock).next();
        assert!(id < 1_000_000_000_000_000, "{id}");
    }

    #[test]
    fn ids_of_a_moment_begin_where_those_before_end() {
        for layout in [Layout::Snowflake, Layout::Compact] {
            let clock = Clock::system();
            let ids = Ids::new(layout, 3, 0, clock.clone());
            let before = ids.next();
            clock.advance(Duration::seconds(1));
            let first = ids.first_of(clock.now());
            assert!(before < first && first <= ids.next());
            assert_eq!(ids.first_of(DateTime::UNIX_EPOCH), 0);
        }
    }

    #[test]
    fn an_id_may_have_to_follow_one_of_a_clock_that_is_ahead() {
        for layout in [Layout::Snowflake, Layout::Compact] {
            let ahead = Clock::system();
            ahead.advance(Duration::minutes(5));
            let theirs = Ids::new(layout, 20, 0, ahead);
            let ours = Ids::new(layout, 3, 0, Clock::system());
            let mut last = ours.next();
            for _ in 0..1000 {
                for ids in [&theirs, &ours] {
                    let next = ids.next_after(last);
                    assert!(next > last);
                    last = next;
                }
            }
            assert!(ours.next() > 0 && ours.next_after(i64::MIN) > 0);
        }
    }

    #[test]
    fn a_clock_that_steps_back_repeats_nothing() {
        for layout in [Layout::Snowflake, Layout::Compact] {
            let clock = Clock::system();
            let ids = Ids::new(layout, 1, 0, clock.clone());
            let before: Vec<i64> = (0..10_000).map(|_| ids.next()).collect();
            clock.advance(Duration::hours(-1));
            let after: Vec<i64> = (0..10_000).map(|_| ids.next()).collect();
            assert!(before.is_sorted() && after.is_sorted() && before.last() < after.first());
        }
    }

    #[test]
    fn a_restart_with_a_clock_that_stepped_back_repeats_nothing() {
        let clock = Clock::system();
        let first = Ids::new(Layout::Compact, 3, 0, clock.clone());
        let used: HashSet<i64> = (0..1000).map(|_| first.next()).collect();
        clock.advance(Duration::minutes(-5));
        let second = Ids::new(Layout::Compact, 3, first.used_until(), clock);
        assert!((0..1000).all(|_| !used.contains(&second.next())));
    }

    #[test]
    fn threads_never_get_the_same_id() {
        let ids = Ids::new(Layout::Snowflake, 1, 0, Clock::system());
        let all: Vec<i64> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..5000).map(|_| ids.next()).collect::<Vec<_>>()))
                .collect();
            makers
                .into_iter()
                .flat_map(|maker| maker.join().expect("does not panic"))
                .collect()
        });
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 20_000);
    }
}
