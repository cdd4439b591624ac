use super::{Check, Requests, Scenario, Stage, crowd};
use crate::floor::Floor;
use crate::http;

/// Accounts added to the registered ones.
const CROWD: u32 = 100_000;

/// Searches for a part of a handle that eleven of very many accounts have, all of them old: what an index is for.
pub struct SearchUsers;

impl Scenario for SearchUsers {
    fn name(&self) -> &'static str {
        "search-users"
    }

    fn prepare_sql(&self, stage: &Stage) -> Option<String> {
        let accounts = crowd::accounts(CROWD, &stage.shown().id, "0");
        let numbers = crowd::numbers(CROWD);
        // What the server writes when it hears of an account, unless it has come upon some of them by itself.
        Some(format!(
            "{accounts} {numbers} INSERT INTO search_users (user_id, names, bio) \
             SELECT n, 'crowd' || CAST(n AS TEXT) || ' crowd', '' FROM c WHERE n > 0 \
             ON CONFLICT (user_id) DO NOTHING;"
        ))
    }

    fn check(&self, _: &Stage) -> Option<Check> {
        Some(Check {
            what: "accounts that are not found",
            sql: "SELECT abs(11 - count(*)) FROM search_users WHERE names LIKE '%crowd4242%'".to_owned(),
        })
    }

    fn floor(&self) -> Option<Floor> {
        Some(Floor::Sql(include_str!("../../sql/search-users.sql")))
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        let token = &stage.account(connection).token;
        let path = "/api/v1/search/users/?q=Crowd4242";
        Requests::same(http::get(stage.address, path, Some(token)))
    }
}
