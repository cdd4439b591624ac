use super::{Check, Requests, Scenario, Stage, crowd};
use crate::floor::Floor;
use crate::http;

/// Accounts added to the registered ones: as many whoever is shown, so that only the number of followers differs.
const CROWD: u32 = 100_000;

/// Reads another account; each connection is signed in as a person of its own.
pub struct UserDetail {
    pub name: &'static str,
    /// How many follow the account that is read; at most [`CROWD`].
    pub followers: u32,
    /// The scenario whose figures this one should not be far from.
    pub compared_with: Option<&'static str>,
}

/// An account that few follow.
pub const ORDINARY: UserDetail = UserDetail {
    name: "user-detail",
    followers: 10,
    compared_with: None,
};

/// An account that very many follow.
pub const POPULAR: UserDetail = UserDetail {
    name: "user-detail-popular",
    followers: CROWD,
    compared_with: Some("user-detail"),
};

impl Scenario for UserDetail {
    fn name(&self) -> &'static str {
        self.name
    }

    fn accounts(&self, asked: u32) -> u32 {
        asked.max(2)
    }

    fn prepare_sql(&self, stage: &Stage) -> Option<String> {
        let (shown, followers) = (&stage.shown().id, self.followers);
        let accounts = crowd::accounts(
            CROWD,
            shown,
            &format!("CASE WHEN n <= {followers} THEN 1 ELSE 0 END"),
        );
        Some(format!(
            "{accounts} {} INSERT INTO follows (follower_id, followee_id, created_at) \
             SELECT n, id, created_at FROM c, users WHERE id = {shown}; \
             UPDATE users SET followers_count = {followers} WHERE id = {shown};",
            crowd::numbers(followers)
        ))
    }

    fn check(&self, stage: &Stage) -> Option<Check> {
        let (shown, followers) = (&stage.shown().id, self.followers);
        Some(Check {
            what: "followers too few or too many",
            sql: format!("SELECT abs({followers} - count(*)) FROM follows WHERE followee_id = {shown}"),
        })
    }

    fn floor(&self) -> Option<Floor> {
        Some(Floor::Sql(include_str!("../../sql/user-detail.sql")))
    }

    fn compared_with(&self) -> Option<&'static str> {
        self.compared_with
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        let path = format!("/api/v1/users/{}/", stage.shown().id);
        let token = &stage.account(connection).token;
        Requests::same(http::get(stage.address, &path, Some(token)))
    }
}
