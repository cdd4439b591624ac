use super::{Requests, Scenario, Stage};
use crate::floor::Floor;
use crate::http;

/// Authors whom every account follows.
const AUTHORS: u32 = 200;
/// Posts of each of them.
const POSTS: u32 = 50;
/// Most accounts: each has a timeline of all these posts.
const READERS: u32 = 8;

/// Reads the first page of the home feed of somebody who follows 200 authors with 50 posts each.
pub struct FeedHome;

impl Scenario for FeedHome {
    fn name(&self) -> &'static str {
        "feed-home"
    }

    fn accounts(&self, asked: u32) -> u32 {
        asked.min(READERS)
    }

    fn prepare_sql(&self, stage: &Stage) -> Option<String> {
        let template = &stage.shown().id;
        let readers: Vec<&str> = stage.accounts.iter().map(|account| account.id.as_str()).collect();
        let readers = readers.join(", ");
        let numbers = |most: u32| {
            format!("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {most})")
        };
        let (authors, posts) = (numbers(AUTHORS), numbers(AUTHORS * POSTS));
        // The ids of posts are those just before the last account's, so that they are new.
        Some(format!(
            "{authors} INSERT INTO users (id, handle, name, flags, password, search_text, created_at, updated_at) \
             SELECT n, 'author' || CAST(n AS TEXT), 'Author', flags, password, 'author', created_at, updated_at \
             FROM c, users WHERE id = {template}; \
             {authors} INSERT INTO user_pii (user_id, email, email_key) \
             SELECT n, 'author' || CAST(n AS TEXT), 'author' || CAST(n AS TEXT) FROM c; \
             {authors} INSERT INTO user_settings (user_id, quiet_hours) \
             SELECT n, quiet_hours FROM c, user_settings WHERE user_id = {template}; \
             {authors} INSERT INTO follows (follower_id, followee_id, created_at) \
             SELECT id, n, created_at FROM c, users WHERE id IN ({readers}); \
             {posts} INSERT INTO posts (id, author_id, text, visibility, language, created_at, updated_at) \
             SELECT id - n, 1 + n % {AUTHORS}, 'A thought that is about as long as those that people share, number ' \
             || CAST(n AS TEXT) || ', and not much longer.', 'public', 'en', created_at, updated_at \
             FROM c, users WHERE id = {template}; \
             INSERT INTO timeline (user_id, post_id, author_id, score, created_at) \
             SELECT u.id, p.id, p.author_id, 1.0, p.created_at FROM posts p, users u WHERE u.id IN ({readers});"
        ))
    }

    fn floor(&self) -> Option<Floor> {
        Some(Floor::Sql(include_str!("../../sql/feed-home.sql")))
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        let token = &stage.account(connection).token;
        Requests::same(http::get(stage.address, "/api/v1/feed/home/", Some(token)))
    }
}
