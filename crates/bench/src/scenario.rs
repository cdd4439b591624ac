//! What can be measured. A scenario is one file below this one and one line in [`ALL`].

pub mod crowd;
mod feed_home;
mod follow_churn;
mod login;
mod me;
mod me_during_sign_in;
mod post;
mod post_create;
mod register;
mod search_users;
mod sign_in;
mod user_detail;
mod users_list;

use std::net::SocketAddr;

use crate::account::Account;
use crate::floor::Floor;

#[cfg(test)]
pub use sign_in::default_cost;

/// Every scenario, in the order `all` measures them.
pub static ALL: &[&dyn Scenario] = &[
    &register::Register,
    &login::Login,
    &me::Me,
    &users_list::UsersList,
    &user_detail::ORDINARY,
    &user_detail::POPULAR,
    &search_users::SearchUsers,
    &post::DETAIL,
    &post::COMMENTS,
    &follow_churn::FollowChurn,
    &feed_home::FeedHome,
    &post_create::PostCreate,
    &sign_in::SignIn,
    &me_during_sign_in::MeDuringSignIn,
];

/// One kind of load on the server.
pub trait Scenario: Sync {
    /// The name on the command line and in the report.
    fn name(&self) -> &'static str;

    /// How many accounts are registered before the load starts, where `--users` asked for so many.
    fn accounts(&self, asked: u32) -> u32 {
        asked
    }

    /// Settings of the server in place of those that every server under test has.
    fn settings(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Statements to run before the load starts, when the accounts are registered; the same text for both databases.
    fn prepare_sql(&self, _stage: &Stage) -> Option<String> {
        None
    }

    /// A request whose work goes on after its answer: it is made a few times before the load, and timed to its end.
    fn errand(&self, _stage: &Stage) -> Option<Errand> {
        None
    }

    /// What has to be true of the database after the last answer.
    fn check(&self, _stage: &Stage) -> Option<Check> {
        None
    }

    /// What the scenario is compared with, if anything.
    fn floor(&self) -> Option<Floor> {
        None
    }

    /// Another scenario that the report puts this one beside, where both were measured.
    fn compared_with(&self) -> Option<&'static str> {
        None
    }

    /// Whether a connection is there only to keep the server busy while the others are measured.
    ///
    /// If there are such connections, every round is measured without them, too.
    fn is_background(&self, _connection: usize) -> bool {
        false
    }

    /// The requests of one connection (`connection` counts from 0).
    fn requests(&self, stage: &Stage, connection: usize) -> Requests;
}

/// What has to be true of the database after a load.
#[derive(Debug)]
pub struct Check {
    /// A query of one number, which has to be 0; the same text for both databases.
    pub sql: String,
    /// What it counts, for the report.
    pub what: &'static str,
}

/// A request whose work goes on after its answer.
#[derive(Debug)]
pub struct Errand {
    /// The request.
    pub request: Vec<u8>,
    /// What counts 0 once the work is done.
    pub is_done: Check,
}

/// What a scenario finds when it starts.
#[derive(Debug)]
pub struct Stage {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The registered accounts: as many as [`Scenario::accounts`] says.
    pub accounts: Vec<Account>,
    /// How many connections there are.
    pub connections: usize,
}

impl Stage {
    /// The account a connection acts for; connections share accounts only if there are fewer accounts.
    pub fn account(&self, connection: usize) -> &Account {
        &self.accounts[connection % self.accounts.len()]
    }

    /// Whom requests about somebody else are about: the last account.
    pub fn shown(&self) -> &Account {
        &self.accounts[self.accounts.len() - 1]
    }

    /// All accounts that [`Self::account`] is the first of: the share of one connection.
    pub fn share(&self, connection: usize) -> impl Iterator<Item = &Account> {
        self.accounts
            .iter()
            .skip(connection % self.accounts.len())
            .step_by(self.connections)
    }
}

/// The requests of one connection, one after the other.
pub enum Requests {
    /// These bytes in turn, from the start again after the last; at least one.
    Cycle(Vec<Vec<u8>>),
    /// New bytes every time.
    Fresh(Box<dyn FnMut() -> Vec<u8>>),
}

impl Requests {
    /// The same bytes every time.
    pub fn same(request: Vec<u8>) -> Self {
        Self::Cycle(vec![request])
    }
}

#[cfg(test)]
pub mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::account::Person;

    pub fn stage(accounts: usize, connections: usize) -> Stage {
        let account = |id: usize| Account {
            id: id.to_string(),
            token: String::from("t"),
            person: Person::next(),
        };
        Stage {
            address: SocketAddr::from(([127, 0, 0, 1], 80)),
            accounts: (0..accounts).map(account).collect(),
            connections,
        }
    }

    #[test]
    fn connections_share_the_accounts_out_among_them() {
        let stage = stage(10, 4);
        let mut seen = HashSet::new();
        for connection in 0..4 {
            assert_eq!(
                stage.share(connection).next().unwrap().id,
                stage.account(connection).id
            );
            assert!(
                stage
                    .share(connection)
                    .all(|account| seen.insert(account.id.clone()))
            );
        }
        assert_eq!(seen.len(), 10);
    }

    #[test]
    fn every_scenario_has_requests_with_fewer_accounts_than_connections() {
        let stage = stage(3, 8);
        for scenario in ALL {
            for connection in 0..8 {
                match scenario.requests(&stage, connection) {
                    Requests::Cycle(requests) => assert!(!requests.is_empty(), "{}", scenario.name()),
                    Requests::Fresh(mut next) => assert_ne!(next(), next(), "{}", scenario.name()),
                }
            }
        }
    }

    #[test]
    fn scenario_names_are_unique() {
        let names: HashSet<_> = ALL.iter().map(|scenario| scenario.name()).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn scenarios_are_compared_with_earlier_ones() {
        let mut earlier = HashSet::new();
        for scenario in ALL {
            if let Some(other) = scenario.compared_with() {
                assert!(earlier.contains(other), "{}", scenario.name());
            }
            earlier.insert(scenario.name());
        }
    }

    #[test]
    fn every_scenario_with_accounts_works_with_as_few_as_can_be_asked_for() {
        for scenario in ALL {
            let accounts = scenario.accounts(1) as usize;
            let stage = stage(accounts, 2);
            let needs_them = !matches!(scenario.name(), "register");
            assert_eq!(accounts > 0, needs_them, "{}", scenario.name());
            for connection in 0..2 {
                match scenario.requests(&stage, connection) {
                    Requests::Cycle(requests) => assert!(!requests.is_empty(), "{}", scenario.name()),
                    Requests::Fresh(mut next) => assert_ne!(next(), next(), "{}", scenario.name()),
                }
            }
        }
    }

    #[test]
    fn some_connections_are_measured_in_every_scenario() {
        for scenario in ALL {
            assert!(!scenario.is_background(0), "{}", scenario.name());
        }
    }
}
