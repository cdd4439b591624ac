use super::{Check, Requests, Scenario, Stage};
use crate::floor::Floor;
use crate::http;

/// Reads of a post that every account has liked and commented on; each connection is signed in as a person of its own.
pub struct PostReads {
    pub name: &'static str,
    path: &'static str,
    floor: &'static str,
}

/// Reads the post itself.
pub const DETAIL: PostReads = PostReads {
    name: "post-detail",
    path: "/api/v1/posts/1/",
    floor: include_str!("../../sql/post-detail.sql"),
};

/// Reads the first page of its comments.
pub const COMMENTS: PostReads = PostReads {
    name: "comments-page",
    path: "/api/v1/comments/?post=1",
    floor: include_str!("../../sql/comments-page.sql"),
};

impl Scenario for PostReads {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare_sql(&self, stage: &Stage) -> Option<String> {
        let author = &stage.shown().id;
        Some(format!(
            "INSERT INTO posts (id, author_id, text, visibility, language, like_count, comment_count, created_at, updated_at) \
             SELECT 1, id, 'A post that everybody reads, of a usual length, with nothing hanging on it.', 'public', 'en', \
             (SELECT count(*) FROM users), (SELECT count(*) FROM users), created_at, updated_at \
             FROM users WHERE id = {author}; \
             INSERT INTO post_likes (post_id, user_id, created_at) SELECT 1, id, created_at FROM users; \
             INSERT INTO comments (id, post_id, author_id, text, created_at, updated_at) \
             SELECT id, 1, id, 'What one says to such a post.', created_at, created_at FROM users; \
             UPDATE users SET posts_count = 1 WHERE id = {author};"
        ))
    }

    fn check(&self, _: &Stage) -> Option<Check> {
        Some(Check {
            what: "likes and comments too few or too many",
            sql: "SELECT abs(like_count - (SELECT count(*) FROM post_likes)) \
                  + abs(comment_count - (SELECT count(*) FROM comments)) FROM posts WHERE id = 1"
                .to_owned(),
        })
    }

    fn floor(&self) -> Option<Floor> {
        Some(Floor::Sql(self.floor))
    }

    fn requests(&self, stage: &Stage, connection: usize) -> Requests {
        let token = &stage.account(connection).token;
        Requests::same(http::get(stage.address, self.path, Some(token)))
    }
}
