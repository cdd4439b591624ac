use platform::config::{PasswordSettings, Section as _};

use super::{Requests, Scenario, Stage};
use crate::floor::Floor;

/// Accounts are registered at the same cost as they sign in: more would only take longer to prepare.
const MOST_ACCOUNTS: u32 = 64;

/// Signs existing people in, with passwords hashed at the cost that a server has without settings.
pub struct SignIn;

impl Scenario for SignIn {
    fn name(&self) -> &'static str {
        "sign-in"
    }

    fn accounts(&self, asked: u32) -> u32 {
        few_accounts(asked)
    }

    fn settings(&self) -> Vec<(&'static str, &'static str)> {
        default_cost()
    }

    fn floor(&self) -> Option<Floor> {
        Some(Floor::PasswordHashing)
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        sign_ins(stage, connection)
    }
}

/// At most as many accounts as can be registered at full cost in a few seconds.
pub fn few_accounts(asked: u32) -> u32 {
    asked.min(MOST_ACCOUNTS)
}

/// The cost of passwords as it is without settings.
pub fn default_cost() -> Vec<(&'static str, &'static str)> {
    PasswordSettings::VARIABLES
        .iter()
        .map(|variable| (variable.name(), variable.default))
        .collect()
}

/// The sign-ins of one connection's share of the accounts.
pub fn sign_ins(stage: &Stage, connection: usize) -> Requests {
    Requests::Cycle(
        stage
            .share(connection)
            .map(|account| account.person.login(stage.address))
            .collect(),
    )
}
