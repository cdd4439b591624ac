//! Lists of users that acts have made: followers, those followed, blocked or muted, who likes a post. They are in the order of
//! the acts, by an index on them, however long they are.

use chrono::{DateTime, Utc};
use platform::{
    App,
    http::{ApiError, Page, Paginated, Paging, SortValue, Sortable, Viewer},
};
use sea_orm::{
    ConnectionTrait as _, DbErr, JoinType,
    sea_query::{Expr, ExprTrait as _, Order, SelectStatement},
};

use crate::users::{self, ID, SORTABLE, UserRow, UserView};

/// Most users of a list that is asked for without pages.
const LONGEST_LIST: u64 = 1000;

/// The rows that make a list; their column `created_at` says since when.
#[derive(Debug, Clone, Copy)]
pub struct Collection {
    /// Their table.
    pub table: &'static str,
    /// The column of what the list belongs to.
    pub own: &'static str,
    /// The column of the listed user.
    pub other: &'static str,
    /// What the list belongs to: a user, or something of another domain.
    pub owner: i64,
}

/// A user in a list, and since when.
pub struct Member {
    pub user: UserRow,
    since: DateTime<Utc>,
}

impl Member {
    /// The value of a field that the list may be ordered by.
    pub fn sort_value(&self, field: &str) -> SortValue {
        match field {
            "created_at" => SortValue::Time(self.since),
            field => self.user.sort_value(field),
        }
    }
}

impl Collection {
    /// Narrows a query of `users::seen_by` to the members.
    pub fn narrow(self, mut query: SelectStatement) -> SelectStatement {
        query
            .expr_as(Expr::col(("g", "created_at")), "since")
            .join_as(
                JoinType::InnerJoin,
                self.table,
                "g",
                Expr::col(("g", self.other)).equals(("u", "id")),
            )
            .and_where(Expr::col(("g", self.own)).eq(self.owner));
        query
    }

    /// The page that a request asks for; `created_at` means the time of the act.
    pub fn order(self, paging: Paging) -> Result<Page, ApiError> {
        let id = Sortable {
            column: ("g", self.other),
            ..ID
        };
        let sortable = SORTABLE.map(|field| match field.name {
            "created_at" => Sortable {
                column: ("g", "created_at"),
                ..field
            },
            "id" => id,
            _ => field,
        });
        paging.order(&sortable, "-created_at", id)
    }

    /// The newest members, without pages, at most [`LONGEST_LIST`].
    pub async fn newest(self, app: &App, mut query: SelectStatement) -> Result<Vec<UserRow>, DbErr> {
        query
            .order_by(("g", "created_at"), Order::Desc)
            .order_by(("g", self.other), Order::Desc)
            .limit(LONGEST_LIST);
        users::rows_of(app.db().reader(), &query).await
    }
}

/// The members of a page, of a query that was narrowed.
pub async fn page_of(app: &App, query: SelectStatement, page: &Page) -> Result<Vec<Member>, DbErr> {
    let reader = app.db().reader();
    let statement = page.statement(query, reader.get_database_backend());
    let rows = reader.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            Ok(Member {
                user: UserRow::read_with_ties(row)?,
                since: row.try_get("", "since")?,
            })
        })
        .collect()
}

/// A page of a collection, without those whom lists do not show to `viewer`; in one query.
pub async fn members(
    app: &App,
    viewer: &Viewer,
    collection: Collection,
    paging: Paging,
) -> Result<Paginated<UserView>, ApiError> {
    let page = collection.order(paging)?;
    let members = page_of(app, collection.narrow(users::listed_for(viewer)), &page).await?;
    Ok(page
        .answer(members, Member::sort_value)
        .map(|member| member.user.view_for(viewer)))
}
