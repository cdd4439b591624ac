use super::sign_in::sign_ins;
use super::{Requests, Scenario, Stage};

/// Signs existing people in with their password; the connections share the accounts out among them.
pub struct Login;

impl Scenario for Login {
    fn name(&self) -> &'static str {
        "login"
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        sign_ins(stage, connection)
    }
}
