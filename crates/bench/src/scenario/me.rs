use super::{Requests, Scenario, Stage};
use crate::floor::Floor;
use crate::http;

/// Reads one's own user object; each connection is signed in as a person of its own.
pub struct Me;

impl Scenario for Me {
    fn name(&self) -> &'static str {
        "me"
    }

    fn floor(&self) -> Option<Floor> {
        Some(Floor::Sql(include_str!("../../sql/me.sql")))
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        let token = &stage.account(connection).token;
        Requests::same(http::get(stage.address, "/api/v1/users/me/", Some(token)))
    }
}
