//! What others may search posts for.

use chrono::{DateTime, Utc};
use platform::{App, db::list_of, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};

/// A post as an index keeps it. Whoever answers from an index asks [`visible`](crate::visible) or
/// [`posts_shown_to`](crate::posts_shown_to) first.
#[derive(Debug, Clone)]
pub struct SearchablePost {
    pub id: i64,
    pub author: UserId,
    pub text: String,
    /// `public`, `followers` or `private`.
    pub visibility: String,
    pub language: String,
    /// Whether moderation took it away: then its author alone sees it.
    pub is_removed: bool,
    pub created_at: DateTime<Utc>,
}

impl SearchablePost {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            author: row.try_get_by_index(1)?,
            text: row.try_get_by_index(2)?,
            visibility: row.try_get_by_index(3)?,
            language: row.try_get_by_index(4)?,
            is_removed: row.try_get_by_index(5)?,
            created_at: row.try_get_by_index(6)?,
        })
    }
}

const COLUMNS: &str =
    "p.id, p.author_id, p.text, p.visibility, p.language, p.removed_at IS NOT NULL, p.created_at";

/// The posts of these ids that exist.
pub async fn searchable_posts(
    app: &App,
    on: &impl ConnectionTrait,
    ids: &[i64],
) -> Result<Vec<SearchablePost>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM posts p WHERE p.id IN {}",
        app.db().engine().list("$1")
    );
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [list_of(ids)]);
    on.query_all_raw(statement)
        .await?
        .iter()
        .map(SearchablePost::read)
        .collect()
}

/// The next `limit` posts behind an id, by their ids: to walk through all of them.
pub async fn searchable_posts_after(
    on: &impl ConnectionTrait,
    after: i64,
    limit: u32,
) -> Result<Vec<SearchablePost>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM posts p WHERE p.id > $1 ORDER BY p.id LIMIT {limit}");
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [after.into()]);
    on.query_all_raw(statement)
        .await?
        .iter()
        .map(SearchablePost::read)
        .collect()
}
