use std::net::SocketAddr;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use super::{Check, Requests, Scenario, Stage};
use crate::http;

/// Follows and unfollows other accounts at random, all connections at once: afterwards every counter has to be right.
pub struct FollowChurn;

impl Scenario for FollowChurn {
    fn name(&self) -> &'static str {
        "follow-churn"
    }

    fn accounts(&self, asked: u32) -> u32 {
        asked.max(2)
    }

    fn check(&self, _stage: &Stage) -> Option<Check> {
        Some(Check {
            what: "accounts with a wrong count of followers or followed",
            sql: String::from(
                "SELECT count(*) FROM users WHERE \
                 followers_count <> (SELECT count(*) FROM follows WHERE followee_id = users.id) OR \
                 following_count <> (SELECT count(*) FROM follows WHERE follower_id = users.id)",
            ),
        })
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        let address = stage.address;
        let token = stage.account(connection).token.clone();
        let mut churn = Churn::new(stage, connection);
        Requests::Fresh(Box::new(move || churn.next().render(address, &token)))
    }
}

/// What one connection does next. Every connection draws numbers of its own, the same in every run.
struct Churn {
    random: Xoshiro256PlusPlus,
    /// The other accounts, those that are followed first.
    others: Vec<String>,
    followed: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Turn<'a> {
    Follow(&'a str),
    Unfollow(&'a str),
}

impl Churn {
    fn new(stage: &Stage, connection: usize) -> Self {
        let own = connection % stage.accounts.len();
        let others = stage.accounts.iter().enumerate();
        Self {
            random: Xoshiro256PlusPlus::seed_from_u64(u64::try_from(connection).unwrap_or(u64::MAX)),
            others: others
                .filter(|&(index, _)| index != own)
                .map(|(_, account)| account.id.clone())
                .collect(),
            followed: 0,
        }
    }

    /// Heads ends a follow, tails begins one, so that half of all requests change something back.
    fn next(&mut self) -> Turn<'_> {
        let heads = self.random.random::<bool>();
        let ends = self.followed == self.others.len() || (heads && self.followed > 0);
        if ends {
            let at = self.random.random_range(..self.followed);
            self.followed -= 1;
            self.others.swap(at, self.followed);
            Turn::Unfollow(&self.others[self.followed])
        } else {
            let at = self.random.random_range(self.followed..self.others.len());
            self.others.swap(at, self.followed);
            self.followed += 1;
            Turn::Follow(&self.others[self.followed - 1])
        }
    }
}

impl Turn<'_> {
    fn render(&self, address: SocketAddr, token: &str) -> Vec<u8> {
        let (method, id) = match self {
            Self::Follow(id) => ("POST", id),
            Self::Unfollow(id) => ("DELETE", id),
        };
        http::without_body(
            method,
            address,
            &format!("/api/v1/users/{id}/follow/"),
            Some(token),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::scenario::tests::stage;

    /// The first turns of a connection.
    fn turns(connection: usize, count: usize) -> Vec<(bool, String)> {
        let mut churn = Churn::new(&stage(5, 8), connection);
        (0..count)
            .map(|_| match churn.next() {
                Turn::Follow(id) => (true, id.to_owned()),
                Turn::Unfollow(id) => (false, id.to_owned()),
            })
            .collect()
    }

    #[test]
    fn only_others_are_followed_and_only_the_followed_unfollowed() {
        let mut followed = HashSet::new();
        for (follows, id) in turns(6, 1000) {
            assert_ne!(id, "1", "connection 6 acts for account 1");
            let changed = if follows {
                followed.insert(id)
            } else {
                followed.remove(&id)
            };
            assert!(changed);
        }
    }

    #[test]
    fn a_connection_does_the_same_in_every_run_and_no_two_do_the_same() {
        assert_eq!(turns(1, 100), turns(1, 100));
        assert_ne!(turns(1, 100), turns(6, 100));
    }
}
