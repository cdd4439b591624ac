//! What can be measured. A scenario is one file below this one and one line in [`ALL`].

mod login;
mod me;
mod register;
mod users_list;

use std::net::SocketAddr;

use crate::account::Account;

/// Every scenario, in the order `all` measures them.
pub static ALL: &[&dyn Scenario] = &[
    &register::Register,
    &login::Login,
    &me::Me,
    &users_list::UsersList,
];

/// One kind of load on the server.
pub trait Scenario: Sync {
    /// The name on the command line and in the report.
    fn name(&self) -> &'static str;

    /// Whether `--users` accounts are registered before the load starts.
    fn needs_accounts(&self) -> bool {
        true
    }

    /// The `pgbench` script with the SQL of one request, if the scenario is compared with its floor.
    ///
    /// The script can use `:user_id`, the id of a registered account.
    fn floor_sql(&self) -> Option<&'static str> {
        None
    }

    /// The requests of one connection (`connection` counts from 0).
    fn requests(&self, stage: &Stage, connection: usize) -> Requests;
}

/// What a scenario finds when it starts.
#[derive(Debug)]
pub struct Stage {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The registered accounts: at least one if the scenario needs them, otherwise none.
    pub accounts: Vec<Account>,
    /// How many connections there are.
    pub connections: usize,
}

impl Stage {
    /// The account a connection acts for; connections share accounts only if there are fewer accounts.
    pub fn account(&self, connection: usize) -> &Account {
        &self.accounts[connection % self.accounts.len()]
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
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::account::Person;

    fn stage(accounts: usize, connections: usize) -> Stage {
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
}
