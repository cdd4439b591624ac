//! Who gets how much of a month's pool.
//!
//! All of it in exact integers, as part 5 of the contract says:
//!
//! - pool = ⌊max(revenue − costs, 0) × percent / 100⌋ ([`pool_cents`]);
//! - contributors with net points w > 0 share it in proportion to w, W = Σw: each gets ⌊P·w / W⌋, and the cents that are left
//!   go one each to the largest remainders P·w mod W, ties to the lowest contributor id ([`allocate`]: the method of the
//!   largest remainder, also known by Hamilton's name);
//! - contributors whose net is 0 or negative get 0 and do not count in W; with W = 0 nobody gets anything.
//!
//! For example, 1000.00 of revenue make a pool of 500.00, and 13, 8 and 4 points make 260.00, 160.00 and 80.00 of it.
//!
//! The allocations file has one line per contributor with events in the month, by id, also those who get 0:
//! `contributor_id,points,amount_cents`, CRLF. Its SHA-256 is in the month's statement.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::{ContributorId, Hash, Sha256};

const HEADER: &str = "contributor_id,points,amount_cents\r\n";

/// Numbers beyond 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum of points does not fit into 64 bits")]
pub struct Overflow;

/// The pool of a month, or none when an amount is negative or the percentage is not one.
pub fn pool_cents(revenue_cents: i64, costs_cents: i64, percent: u8) -> Option<i64> {
    if revenue_cents < 0 || costs_cents < 0 || percent > 100 {
        return None;
    }
    let net = i128::from(revenue_cents.saturating_sub(costs_cents).max(0));
    i64::try_from(net * i128::from(percent) / 100).ok()
}

/// What the events of a month add up to. It grows with the contributors, not with the events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    events: u64,
    points: i64,
    contributors: BTreeMap<ContributorId, i64>,
}

impl Totals {
    /// Adds an event.
    pub fn add(&mut self, contributor: ContributorId, points: i64) -> Result<(), Overflow> {
        let sum = self.points.checked_add(points).ok_or(Overflow)?;
        let net = self.contributors.entry(contributor).or_default();
        *net = net.checked_add(points).ok_or(Overflow)?;
        self.points = sum;
        self.events += 1;
        Ok(())
    }

    /// The number of events.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The sum of their points.
    pub fn points(&self) -> i64 {
        self.points
    }

    /// The net points of each contributor.
    pub fn contributors(&self) -> &BTreeMap<ContributorId, i64> {
        &self.contributors
    }
}

/// One contributor's part of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Whose.
    pub contributor: ContributorId,
    /// Net points of the month.
    pub points: i64,
    /// Cents, 0 or more.
    pub amount_cents: i64,
}

/// Divides a pool of 0 cents or more by net points; by contributor id. The amounts add up to the pool whenever anyone has
/// points above 0. A negative pool counts as 0.
pub fn allocate(contributors: &BTreeMap<ContributorId, i64>, pool_cents: i64) -> Vec<Share> {
    let pool = i128::from(pool_cents.max(0));
    let weight = |points: i64| i128::from(points.max(0));
    let total: i128 = contributors.values().map(|points| weight(*points)).sum();
    let mut shares = Vec::with_capacity(contributors.len());
    // The remainder of each share that takes part, and where it is.
    let mut remainders = Vec::new();
    let mut left = if total > 0 { pool } else { 0 };
    for (index, (contributor, points)) in contributors.iter().enumerate() {
        let product = pool * weight(*points);
        let base = product.checked_div(total).unwrap_or(0);
        left -= base;
        if *points > 0 {
            remainders.push((product - base * total, index));
        }
        shares.push(Share {
            contributor: *contributor,
            points: *points,
            // Not above the pool, which is of 64 bits.
            amount_cents: i64::try_from(base).unwrap_or(i64::MAX),
        });
    }
    // Shares are in the order of their contributors, so ties are already.
    remainders.sort_by_key(|(remainder, index)| (std::cmp::Reverse(*remainder), *index));
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    for (_, index) in remainders.into_iter().take(left) {
        shares[index].amount_cents += 1;
    }
    shares
}

/// Writes the allocations file and returns its SHA-256.
pub fn write_allocations(shares: &[Share], mut out: impl Write) -> io::Result<Hash> {
    let mut hasher = Sha256::default();
    let mut line = HEADER.to_owned();
    for share in shares {
        hasher.update(line.as_bytes());
        out.write_all(line.as_bytes())?;
        line = format!(
            "{},{},{}\r\n",
            share.contributor, share.points, share.amount_cents
        );
    }
    hasher.update(line.as_bytes());
    out.write_all(line.as_bytes())?;
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn divide(points: &[(i64, i64)], pool: i64) -> Vec<i64> {
        let contributors = points
            .iter()
            .map(|(id, points)| (ContributorId(*id), *points))
            .collect();
        allocate(&contributors, pool)
            .iter()
            .map(|share| share.amount_cents)
            .collect()
    }

    #[test]
    fn the_worked_example_of_the_contract() {
        let pool = pool_cents(100_000, 0, 50).unwrap();
        assert_eq!(pool, 50_000);
        assert_eq!(divide(&[(1, 13), (2, 8), (3, 4)], pool), [26_000, 16_000, 8_000]);
    }

    #[test]
    fn leftover_cents_go_to_the_largest_remainders() {
        // 100 by 3, 3, 1 of 7: 42 6/7, 42 6/7, 14 2/7. One of the two cents each to the first two.
        assert_eq!(divide(&[(1, 1), (2, 3), (3, 3)], 100), [14, 43, 43]);
        // A tie goes to the lowest id.
        assert_eq!(divide(&[(7, 1), (5, 1), (6, 1)], 100), [34, 33, 33]);
    }

    #[test]
    fn nobody_gets_less_than_nothing() {
        assert_eq!(divide(&[(1, -5), (2, 10), (3, 0)], 99), [0, 99, 0]);
        assert_eq!(divide(&[(1, -5), (2, 0)], 99), [0, 0]);
        assert_eq!(divide(&[], 99), [] as [i64; 0]);
        assert_eq!(divide(&[(1, 1)], -1), [0]);
    }

    #[test]
    fn large_numbers_are_exact() {
        let max = i64::MAX;
        assert_eq!(
            divide(&[(1, max), (2, max), (3, max)], max),
            [max / 3 + 1, max / 3, max / 3]
        );
        assert_eq!(pool_cents(max, 0, 100), Some(max));
        let mut totals = Totals::default();
        totals.add(ContributorId(1), max).unwrap();
        assert_eq!(totals.add(ContributorId(2), 1), Err(Overflow));
        assert_eq!(
            (totals.events(), totals.points(), totals.contributors().len()),
            (1, max, 1)
        );
    }

    #[test]
    fn the_pool_is_never_rounded_up_nor_negative() {
        assert_eq!(pool_cents(100, 0, 29), Some(29));
        assert_eq!(pool_cents(10_001, 1, 40), Some(4_000));
        assert_eq!(pool_cents(199, 0, 50), Some(99));
        assert_eq!(pool_cents(5, 10, 50), Some(0));
        for (revenue, costs, percent) in [(-1, 0, 50), (0, -1, 50), (0, 0, 101)] {
            assert_eq!(pool_cents(revenue, costs, percent), None);
        }
    }

    #[test]
    fn the_file_has_everyone_by_id() {
        let mut file = Vec::new();
        let contributors = BTreeMap::from([(ContributorId(20), 4), (ContributorId(3), -1)]);
        let hash = write_allocations(&allocate(&contributors, 10), &mut file).unwrap();
        assert_eq!(
            file,
            b"contributor_id,points,amount_cents\r\n3,-1,0\r\n20,4,10\r\n"
        );
        assert_eq!(hash, Hash::of(&file));
        let mut empty = Vec::new();
        assert_eq!(
            write_allocations(&[], &mut empty).unwrap(),
            Hash::of(HEADER.as_bytes())
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made(
            contributors in proptest::collection::btree_map(any::<i64>(), prop_oneof![any::<i64>(), -5..50_i64], 0..60),
            pool in prop_oneof![0..=i64::MAX, 0..1000_i64],
        ) {
            let contributors: BTreeMap<_, _> = contributors.into_iter().map(|(id, points)| (ContributorId(id), points)).collect();
            let shares = allocate(&contributors, pool);
            let total: i128 = contributors.values().map(|points| i128::from((*points).max(0))).sum();
            let paid: i128 = shares.iter().map(|share| i128::from(share.amount_cents)).sum();
            prop_assert_eq!(paid, if total > 0 { i128::from(pool) } else { 0 });
            for share in &shares {
                prop_assert!(share.amount_cents >= 0);
                prop_assert!(share.points > 0 || share.amount_cents == 0);
                // Within a cent of the exact share: «quota» in the words of apportionment.
                if total > 0 {
                    let exact = i128::from(pool) * i128::from(share.points.max(0));
                    let off = i128::from(share.amount_cents).checked_mul(total).map(|paid| (paid - exact).abs());
                    prop_assert!(off.is_none_or(|off| off < total));
                }
            }
        }

        #[test]
        fn the_order_of_events_does_not_matter(
            events in proptest::collection::vec((0..9_i64, -20..20_i64), 0..60),
            pool in 0..100_000_i64,
            turn in 0..60_usize,
        ) {
            let total = |events: &[(i64, i64)]| {
                let mut totals = Totals::default();
                for (contributor, points) in events {
                    totals.add(ContributorId(*contributor), *points).unwrap();
                }
                totals
            };
            let mut other = events.clone();
            other.reverse();
            let turn = turn.min(other.len());
            other.rotate_left(turn);
            prop_assert_eq!(allocate(total(&events).contributors(), pool), allocate(total(&other).contributors(), pool));
        }

        #[test]
        fn more_points_never_get_less(points in proptest::collection::vec(1..1000_i64, 2..20), pool in 0..10_000_i64) {
            let contributors: BTreeMap<_, _> = (0..).zip(&points).map(|(id, points)| (ContributorId(id), *points)).collect();
            let mut shares = allocate(&contributors, pool);
            shares.sort_by_key(|share| (share.points, std::cmp::Reverse(share.contributor)));
            prop_assert!(shares.windows(2).all(|pair| pair[0].amount_cents <= pair[1].amount_cents));
        }
    }
}
