//! Hashtags that many write about.

use std::time::Duration;

use platform::App;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::sql;

/// What counts as now.
const SPAN: chrono::Duration = chrono::Duration::hours(24);
/// Most hashtags of the answer.
const MOST: u32 = 20;
/// How long an answer is good for.
const FRESH: Duration = Duration::from_mins(1);

/// A hashtag that is written about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Trend {
    /// Without `#`, in lower case.
    pub tag: String,
    /// Public posts of the last 24 hours with it.
    pub posts_count: i64,
    /// By how many people.
    pub people_count: i64,
}

/// The hashtags that most people have written about in public in the last 24 hours, at most a minute old.
pub async fn trending(app: &App) -> Result<Vec<Trend>, DbErr> {
    app.cache()
        .get_or_load("social:trending", FRESH, || count(app))
        .await
}

async fn count(app: &App) -> Result<Vec<Trend>, DbErr> {
    let query = format!(
        "SELECT h.tag, count(*), count(DISTINCT p.author_id) FROM post_hashtags h JOIN posts p ON p.id = h.post_id \
         WHERE h.created_at > $1 AND p.visibility = 'public' AND p.removed_at IS NULL \
         GROUP BY h.tag ORDER BY 3 DESC, 2 DESC, 1 LIMIT {MOST}"
    );
    let since = app.clock().now() - SPAN;
    let rows = sql::rows(app.db().reader(), query, [since.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Trend {
                tag: row.try_get_by_index(0)?,
                posts_count: row.try_get_by_index(1)?,
                people_count: row.try_get_by_index(2)?,
            })
        })
        .collect()
}
