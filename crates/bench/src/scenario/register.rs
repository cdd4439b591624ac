use super::{Requests, Scenario, Stage};
use crate::account::Person;

/// Signs up a new person with every request.
pub struct Register;

impl Scenario for Register {
    fn name(&self) -> &'static str {
        "register"
    }

    fn accounts(&self, _asked: u32) -> u32 {
        0
    }

    fn requests(&self, stage: &Stage, _connection: usize) -> Requests {
        let address = stage.address;
        Requests::Fresh(Box::new(move || Person::next().registration(address)))
    }
}
