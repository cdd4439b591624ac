use std::net::SocketAddr;

use serde_json::json;

use super::{Check, Errand, Requests, Scenario, Stage};
use crate::http;

/// Followers of the account whose post is followed on its way.
const FOLLOWERS: u32 = 1000;
/// Fewest accounts: one may make 30 posts a minute.
const AUTHORS: u32 = 3000;

/// Makes posts, each connection for its share of the accounts in turn; and, before that, a post of an author with 1,000
/// followers, whose way into the last timeline is timed.
pub struct PostCreate;

impl Scenario for PostCreate {
    fn name(&self) -> &'static str {
        "post-create"
    }

    fn accounts(&self, asked: u32) -> u32 {
        asked.max(AUTHORS)
    }

    fn prepare_sql(&self, stage: &Stage) -> Option<String> {
        let author = &stage.shown().id;
        let crowd =
            format!("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {FOLLOWERS})");
        Some(format!(
            "{crowd} INSERT INTO users (id, handle, name, flags, password, search_text, created_at, updated_at) \
             SELECT n, 'fan' || CAST(n AS TEXT), 'Fan', flags, password, 'fan', created_at, updated_at \
             FROM c, users WHERE id = {author}; \
             {crowd} INSERT INTO follows (follower_id, followee_id, created_at) \
             SELECT n, id, created_at FROM c, users WHERE id = {author}; \
             UPDATE users SET followers_count = {FOLLOWERS} WHERE id = {author};"
        ))
    }

    fn errand(&self, stage: &Stage) -> Option<Errand> {
        let author = stage.shown();
        Some(Errand {
            request: post(stage.address, &author.token, 0),
            is_done: Check {
                what: "timelines of 1,000 followers have the post",
                sql: format!(
                    "SELECT count(*) FROM posts p JOIN follows f ON f.followee_id = p.author_id \
                     WHERE p.author_id = {} AND NOT EXISTS \
                     (SELECT 1 FROM timeline t WHERE t.user_id = f.follower_id AND t.post_id = p.id)",
                    author.id
                ),
            },
        })
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        let address = stage.address;
        let tokens: Vec<String> = stage
            .share(connection)
            .map(|account| account.token.clone())
            .collect();
        let mut number = 0;
        Requests::Fresh(Box::new(move || {
            number += 1;
            post(address, &tokens[number % tokens.len()], number)
        }))
    }
}

fn post(address: SocketAddr, token: &str, number: usize) -> Vec<u8> {
    let text = format!(
        "A thought that is about as long as those that people share, number {number}, and not much longer."
    );
    http::post(address, "/api/v1/posts/", Some(token), &json!({ "text": text }))
}
