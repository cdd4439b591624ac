//! Personal data of accounts, for administrators to look at.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use platform::{
    http::{Page, SortKind, SortValue, Sortable},
    id::UserId,
};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult, Statement,
    sea_query::{Expr, ExprTrait as _, Query},
};

use crate::accounts::email_key;

/// An account with its personal data.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a standing of its own")]
pub struct Person {
    /// Which.
    pub id: UserId,
    /// How others address it.
    pub handle: String,
    /// As it is shown.
    pub name: String,
    /// The address.
    pub email: String,
    /// Whether its owner has proved to have the mailbox.
    pub email_is_verified: bool,
    /// As far as it was given.
    pub birth_date: Option<NaiveDate>,
    /// As far as it was given.
    pub birth_time: Option<NaiveTime>,
    /// Blank when it was not given.
    pub birth_place: String,
    /// Whether it can be used at all.
    pub is_active: bool,
    /// Whether it belongs to staff.
    pub is_staff: bool,
    /// Whether it may do everything.
    pub is_superuser: bool,
    /// Until when moderators let nobody sign in to it.
    pub suspended_until: Option<DateTime<Utc>>,
    /// Until when moderators let it read only.
    pub restricted_until: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

const COLUMNS: &str = "u.id, u.handle, u.name, p.email, p.email_verified_at IS NOT NULL, p.birth_date, p.birth_time, \
     p.birth_place, u.is_active, u.is_staff, u.is_superuser, u.suspended_until, u.restricted_until, u.created_at, u.updated_at";

/// The order of the list of people.
pub const PERSON_ID: Sortable = Sortable {
    name: "id",
    kind: SortKind::Integer,
    column: ("u", "id"),
};

impl Person {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            handle: row.try_get_by_index(1)?,
            name: row.try_get_by_index(2)?,
            email: row.try_get_by_index(3)?,
            email_is_verified: row.try_get_by_index(4)?,
            birth_date: row.try_get_by_index(5)?,
            birth_time: row.try_get_by_index(6)?,
            birth_place: row.try_get_by_index(7)?,
            is_active: row.try_get_by_index(8)?,
            is_staff: row.try_get_by_index(9)?,
            is_superuser: row.try_get_by_index(10)?,
            suspended_until: row.try_get_by_index(11)?,
            restricted_until: row.try_get_by_index(12)?,
            created_at: row.try_get_by_index(13)?,
            updated_at: row.try_get_by_index(14)?,
        })
    }

    /// Its value of [`PERSON_ID`].
    pub fn sort_value(&self, _: &str) -> SortValue {
        SortValue::Integer(self.id.0)
    }
}

/// The people of a page; `wanted`: only whoever has exactly this id, handle or address.
pub async fn page_of(on: &impl ConnectionTrait, wanted: &str, page: &Page) -> Result<Vec<Person>, DbErr> {
    let mut query = Query::select()
        .expr(Expr::cust(COLUMNS))
        .from_as("users", "u")
        .join_as(
            sea_orm::JoinType::InnerJoin,
            "user_pii",
            "p",
            Expr::col(("p", "user_id")).equals(("u", "id")),
        )
        .take();
    let wanted = wanted.trim();
    if !wanted.is_empty() {
        // Not one condition with OR, which no index would serve: what it looks like decides.
        query.and_where(match wanted.parse::<i64>() {
            Ok(id) => Expr::col(("u", "id")).eq(id),
            // Nobody has it, and PostgreSQL could not even be asked.
            Err(_) if wanted.contains('\0') => Expr::value(1).eq(0),
            Err(_) if wanted.contains('@') && !wanted.starts_with('@') => {
                Expr::col(("p", "email_key")).eq(email_key(wanted))
            }
            Err(_) => Expr::col(("u", "handle")).eq(wanted.trim_start_matches('@')),
        });
    }
    let rows = on
        .query_all_raw(page.statement(query, on.get_database_backend()))
        .await?;
    rows.iter().map(Person::read).collect()
}

/// One of them.
pub async fn find(on: &impl ConnectionTrait, id: UserId) -> Result<Option<Person>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM users u JOIN user_pii p ON p.user_id = u.id WHERE u.id = $1");
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [id.0.into()]);
    let row = on.query_one_raw(statement).await?;
    row.map(|row| Person::read(&row)).transpose()
}

/// The account with this handle.
pub async fn by_handle(on: &impl ConnectionTrait, handle: &str) -> Result<Option<UserId>, DbErr> {
    let statement = Statement::from_sql_and_values(
        on.get_database_backend(),
        "SELECT id FROM users WHERE handle = $1",
        [handle.replace('\0', "").into()],
    );
    let row = on.query_one_raw(statement).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// The handles of these accounts (a page of them: at most a few hundred), in one query.
pub async fn handles(
    on: &impl ConnectionTrait,
    ids: &[UserId],
) -> Result<std::collections::HashMap<UserId, String>, DbErr> {
    if ids.is_empty() {
        return Ok(std::collections::HashMap::new());
    }
    let query = Query::select()
        .columns(["id", "handle"])
        .from("users")
        .and_where(Expr::col("id").is_in(ids.iter().map(|id| id.0)))
        .take();
    let rows = on.query_all(&query).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}
