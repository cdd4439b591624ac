use super::{Requests, Scenario, Stage};
use crate::floor::Floor;
use crate::http;

/// Reads the first page of all users, newest first; each connection is signed in as a person of its own.
pub struct UsersList;

impl Scenario for UsersList {
    fn name(&self) -> &'static str {
        "users-list"
    }

    fn floor(&self) -> Option<Floor> {
        Some(Floor::Sql(include_str!("../../sql/users-list.sql")))
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        let token = &stage.account(connection).token;
        Requests::same(http::get(stage.address, "/api/v1/users/", Some(token)))
    }
}
