//! What others may search accounts for, and which of those they find a viewer is shown.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use platform::{App, db::list_of, http::Viewer, id::UserId};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult, Statement,
    sea_query::{Expr, ExprTrait as _},
};

use crate::users::{self, UserView};

/// The texts of an account that it can be found by. Whoever keeps them asks [`finds`](crate::finds) and [`reads_profile`](crate::reads_profile) before they
/// answer anybody from them.
#[derive(Debug, Clone)]
pub struct SearchableUser {
    pub id: UserId,
    pub handle: String,
    pub name: String,
    /// Part of the profile, which not everybody sees.
    pub bio: String,
    pub locale: String,
    pub created_at: DateTime<Utc>,
}

impl SearchableUser {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            handle: row.try_get_by_index(1)?,
            name: row.try_get_by_index(2)?,
            bio: row.try_get_by_index(3)?,
            locale: row.try_get_by_index(4)?,
            created_at: row.try_get_by_index(5)?,
        })
    }
}

const COLUMNS: &str = "u.id, u.handle, u.name, u.bio, u.locale, u.created_at";

/// The accounts of these ids that exist.
pub async fn searchable_users(
    app: &App,
    on: &impl ConnectionTrait,
    ids: &[i64],
) -> Result<Vec<SearchableUser>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM users u WHERE u.id IN {}",
        app.db().engine().list("$1")
    );
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [list_of(ids)]);
    on.query_all_raw(statement)
        .await?
        .iter()
        .map(SearchableUser::read)
        .collect()
}

/// The next `limit` accounts behind an id, by their ids: to walk through all of them.
pub async fn searchable_users_after(
    on: &impl ConnectionTrait,
    after: i64,
    limit: u32,
) -> Result<Vec<SearchableUser>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM users u WHERE u.id > $1 ORDER BY u.id LIMIT {limit}");
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [after.into()]);
    on.query_all_raw(statement)
        .await?
        .iter()
        .map(SearchableUser::read)
        .collect()
}

/// Those of these ids (a page of them: at most a few hundred) that lists show to `viewer`, as it sees them. In one query.
pub async fn listed_users(
    on: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<HashMap<i64, UserView>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = users::listed_for(viewer);
    query.and_where(Expr::col(("u", "id")).is_in(ids.iter().copied()));
    let rows = users::rows_of(on, &query).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.0, row.view_for(viewer)))
        .collect())
}
