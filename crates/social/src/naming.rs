//! What posts and comments name: their hashtags and the people mentioned in them, and who is told of it.

use std::collections::HashSet;

use platform::{
    db::{Engine, Tx},
    id::UserId,
};
use sea_orm::DbErr;
use serde_json::json;

use crate::{
    Target,
    events::Mentioned,
    names::names_in,
    sql,
    visibility::{not_apart, visible, visible_comment},
};

/// A text that is being written.
#[derive(Clone, Copy)]
pub struct Naming {
    pub target: Target,
    pub id: i64,
    pub post_id: i64,
    pub author: UserId,
}

impl Naming {
    /// Keeps what the text names in place of what was named before.
    pub async fn put(self, tx: &Tx, text: &str) -> Result<(), DbErr> {
        let names = names_in(text);
        let engine = Engine::of(tx);
        let stem = self.target.stem();
        let none = format!("DELETE FROM {stem}_mentions WHERE {stem}_id = $1");
        sql::execute(tx, none, [self.id.into()]).await?;
        if !names.handles.is_empty() {
            // Not of those who have nothing to do with the writer.
            let mentions = format!(
                "INSERT INTO {stem}_mentions ({stem}_id, user_id) SELECT $2, u.id FROM users u \
                 WHERE u.handle IN {} AND {}",
                sql::texts(engine, "$1"),
                not_apart("$3", "u.id")
            );
            let values = [
                json!(names.handles).to_string().into(),
                self.id.into(),
                self.author.0.into(),
            ];
            sql::execute(tx, mentions, values).await?;
        }
        if self.target == Target::Post {
            sql::execute(
                tx,
                "DELETE FROM post_hashtags WHERE post_id = $1",
                [self.id.into()],
            )
            .await?;
            if !names.hashtags.is_empty() {
                // Of the post's time, also when it is edited: an old post does not become a trend.
                let tags = format!(
                    "INSERT INTO post_hashtags (tag, post_id, created_at) SELECT t.value, p.id, p.created_at \
                     FROM posts p, {} t WHERE p.id = $2",
                    sql::texts(engine, "$1")
                );
                let values = [json!(names.hashtags).to_string().into(), self.id.into()];
                sql::execute(tx, tags, values).await?;
            }
        }
        Ok(())
    }

    /// Those mentioned who may see it, as it is now; without the writer.
    pub async fn audience(self, tx: &Tx) -> Result<HashSet<UserId>, DbErr> {
        let query = match self.target {
            Target::Post => format!(
                "SELECT m.user_id FROM post_mentions m JOIN posts p ON p.id = m.post_id \
                 WHERE m.post_id = $1 AND m.user_id <> p.author_id AND {}",
                visible("m.user_id")
            ),
            Target::Comment => format!(
                "SELECT m.user_id FROM comment_mentions m JOIN comments c ON c.id = m.comment_id \
                 JOIN posts p ON p.id = c.post_id WHERE m.comment_id = $1 AND m.user_id <> c.author_id AND {}",
                visible_comment("m.user_id")
            ),
        };
        let rows = sql::rows(tx, query, [self.id.into()]).await?;
        rows.iter().map(|row| row.try_get_by_index(0)).collect()
    }

    /// Tells those who are mentioned and were not in `told`.
    pub async fn tell(self, tx: &Tx, told: &HashSet<UserId>) -> Result<(), DbErr> {
        let mut user_ids: Vec<UserId> = self.audience(tx).await?.difference(told).copied().collect();
        if user_ids.is_empty() {
            return Ok(());
        }
        user_ids.sort_unstable();
        tx.append(&Mentioned {
            post_id: self.post_id,
            comment_id: (self.target == Target::Comment).then_some(self.id),
            author_id: self.author,
            user_ids,
        })
        .await
    }
}
