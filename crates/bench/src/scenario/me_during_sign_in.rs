use super::me::Me;
use super::sign_in::{default_cost, few_accounts, sign_ins};
use super::{Requests, Scenario, Stage};

/// Reads one's own user object on every other connection, while people sign in on the rest: `me` and `sign-in` at once.
pub struct MeDuringSignIn;

impl Scenario for MeDuringSignIn {
    fn name(&self) -> &'static str {
        "me-during-sign-in"
    }

    fn accounts(&self, asked: u32) -> u32 {
        few_accounts(asked)
    }

    fn settings(&self) -> Vec<(&'static str, &'static str)> {
        default_cost()
    }

    fn is_background(&self, connection: usize) -> bool {
        connection % 2 == 1
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        if self.is_background(connection) {
            sign_ins(stage, connection)
        } else {
            Me.requests(stage, connection)
        }
    }
}
