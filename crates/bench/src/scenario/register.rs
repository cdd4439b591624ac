use super::{Requests, Scenario, Stage};
use crate::account::Person;

/// Signs up a new person with every request.
pub struct Register;

impl Scenario for Register {
    fn name(&self) -> &'static str {
        "register"
    }

    fn needs_accounts(&self) -> bool {
        false
    }

    fn requests(&self, stage: &Stage, _connection: usize) -> Requests {
        let address = stage.address;
        Requests::Fresh(Box::new(move || Person::next().registration(address)))
    }
}
