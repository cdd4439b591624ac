//! The payout file: what the postings of a month add up to for each user. Part 5 of the contract.
//!
//! **File**: CSV with the header `user_id,points` and a line per user whose balance is not zero, by points descending, then by
//! user id; CRLF. Its SHA-256 is the outputs hash.
//!
//! **Inputs hash**: SHA-256 over the lines `tx_id|event_id|account|direction|amount|currency|created_at` of all postings,
//! ordered by time and id, with nothing between them. A posting's time is that of its event.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::allocation::Overflow;
use crate::{EventId, Hash, Sha256, Timestamp, Zone};

/// The unit in which rewards are counted.
pub const POINTS: &str = "POINTS";
/// The account that points come from.
pub const POOL_ACCOUNT: &str = "platform:rewards_pool";
const USER_ACCOUNT: &str = "user:";
const HEADER: &str = "user_id,points\r\n";

/// The two sides of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Taken from the account.
    Debit,
    /// Given to the account.
    Credit,
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Debit => "DEBIT",
            Self::Credit => "CREDIT",
        })
    }
}

/// One leg of a posting.
#[derive(Clone, Copy, Debug)]
pub struct Posting<'a> {
    /// What joins the legs of one event, as text.
    pub tx_id: &'a str,
    /// The event.
    pub event_id: EventId,
    /// [`POOL_ACCOUNT`] or [`user_account`].
    pub account: &'a str,
    /// Which side.
    pub direction: Direction,
    /// How much, above 0.
    pub amount: i64,
    /// [`POINTS`], or another unit.
    pub currency: &'a str,
    /// The time of the event.
    pub occurred_at: Timestamp,
}

/// The account of a user.
pub fn user_account(user: i64) -> String {
    format!("{USER_ACCOUNT}{user}")
}

/// Adds up the postings of a month, in the order of time and id.
#[derive(Default)]
pub struct Balances {
    inputs: Sha256,
    users: BTreeMap<i64, i64>,
}

/// The payout file and its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutFile {
    /// The file.
    pub csv: String,
    /// SHA-256 of the postings.
    pub inputs_hash: Hash,
    /// SHA-256 of the file.
    pub outputs_hash: Hash,
    /// The number of users in it.
    pub user_count: u64,
    /// The sum of their points.
    pub total_points: i64,
}

impl Balances {
    /// Adds the next leg.
    pub fn add(&mut self, posting: &Posting<'_>) -> Result<(), Overflow> {
        let Posting {
            tx_id,
            event_id,
            account,
            direction,
            amount,
            currency,
            occurred_at,
        } = posting;
        let at = occurred_at.format(Zone::Offset);
        self.inputs
            .update(format!("{tx_id}|{event_id}|{account}|{direction}|{amount}|{currency}|{at}").as_bytes());
        let user = account
            .strip_prefix(USER_ACCOUNT)
            .and_then(|user| user.parse().ok());
        if let Some(user) = user.filter(|_| *currency == POINTS) {
            let signed = match direction {
                Direction::Credit => *amount,
                Direction::Debit => amount.checked_neg().ok_or(Overflow)?,
            };
            let balance = self.users.entry(user).or_default();
            *balance = balance.checked_add(signed).ok_or(Overflow)?;
        }
        Ok(())
    }

    /// The file.
    pub fn finish(self) -> Result<PayoutFile, Overflow> {
        let mut lines: Vec<(i64, i64)> = self
            .users
            .into_iter()
            .filter(|(_, points)| *points != 0)
            .collect();
        lines.sort_by_key(|(user, points)| (Reverse(*points), *user));
        let mut csv = HEADER.to_owned();
        let mut total_points: i64 = 0;
        for (user, points) in &lines {
            total_points = total_points.checked_add(*points).ok_or(Overflow)?;
            // Writing to a String cannot fail.
            let _ = write!(csv, "{user},{points}\r\n");
        }
        Ok(PayoutFile {
            inputs_hash: self.inputs.finish(),
            outputs_hash: Hash::of(csv.as_bytes()),
            user_count: u64::try_from(lines.len()).unwrap_or(u64::MAX),
            total_points,
            csv,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_without_postings_has_the_hashes_of_the_contract() {
        let file = Balances::default().finish().unwrap();
        assert_eq!(file.inputs_hash, Hash::empty());
        assert_eq!(
            file.outputs_hash.to_string(),
            "77b4b69f886beae6cd7c2d34a5183115ce14888f2194e827817f4b2dd2d99460"
        );
        assert_eq!(
            (file.csv.as_str(), file.user_count, file.total_points),
            (HEADER, 0, 0)
        );
    }

    #[test]
    fn balances_are_by_points_and_user() {
        let mut balances = Balances::default();
        let occurred_at = Timestamp::parse("2025-01-02T03:04:05+00:00", Zone::Offset).unwrap();
        let mut lines = String::new();
        let mut post = |account: &str, direction: Direction, amount: i64, currency: &str| {
            let posting = Posting {
                tx_id: "t",
                event_id: EventId(1),
                account,
                direction,
                amount,
                currency,
                occurred_at,
            };
            balances.add(&posting).unwrap();
            write!(
                lines,
                "t|1|{account}|{direction}|{amount}|{currency}|2025-01-02T03:04:05+00:00"
            )
            .unwrap();
        };
        post(POOL_ACCOUNT, Direction::Debit, 10, POINTS);
        for (user, credit, debit) in [(9, 10, 1), (3, 10, 1), (5, 4, 4), (6, 1, 3)] {
            post(&user_account(user), Direction::Credit, credit, POINTS);
            post(&user_account(user), Direction::Debit, debit, POINTS);
        }
        post("user:9", Direction::Credit, 100, "SLC");
        let file = balances.finish().unwrap();
        assert_eq!(file.csv, "user_id,points\r\n3,9\r\n9,9\r\n6,-2\r\n");
        assert_eq!((file.user_count, file.total_points), (3, 16));
        assert_eq!(file.inputs_hash, Hash::of(lines.as_bytes()));
    }
}
