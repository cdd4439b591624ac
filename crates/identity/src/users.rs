//! Users as others see them: the row with everything that an answer shows, and what of it a viewer may see.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use platform::{
    http::{Page, SortKind, SortValue, Sortable, TimeOfDay, Timestamp, Viewer},
    id::UserId,
};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult, Statement,
    sea_query::{Condition, Expr, ExprTrait as _, LikeExpr, Query, SelectStatement},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Longest text that can be found in a handle or name, in bytes: 30 and 120 characters of up to four.
const LONGEST_NEEDLE: usize = 4 * (30 + 1 + 120);

/// The columns of a [`UserRow`], in its order.
const COLUMNS: &str = "u.id, u.email, u.handle, u.name, u.bio, u.photo, u.birth_date, u.birth_time, u.birth_place, u.locale, \
     u.flags, u.followers_count, u.following_count, u.posts_count, u.created_at, u.updated_at, \
     s.privacy, s.dm_policy, s.language, s.quiet_hours, s.push_enabled, s.email_enabled, s.digest_enabled";

/// A user with its settings.
#[derive(Debug, Clone)]
pub struct UserRow {
    pub id: UserId,
    email: String,
    handle: String,
    name: String,
    bio: String,
    photo: String,
    birth_date: Option<NaiveDate>,
    birth_time: Option<NaiveTime>,
    birth_place: String,
    locale: String,
    flags: Value,
    followers_count: i64,
    following_count: i64,
    posts_count: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    settings: SettingsView,
    is_following: bool,
}

impl UserRow {
    /// Reads [`COLUMNS`] by position: names would be looked up for every row.
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            email: row.try_get_by_index(1)?,
            handle: row.try_get_by_index(2)?,
            name: row.try_get_by_index(3)?,
            bio: row.try_get_by_index(4)?,
            photo: row.try_get_by_index(5)?,
            birth_date: row.try_get_by_index(6)?,
            birth_time: row.try_get_by_index(7)?,
            birth_place: row.try_get_by_index(8)?,
            locale: row.try_get_by_index(9)?,
            flags: row.try_get_by_index(10)?,
            followers_count: row.try_get_by_index(11)?,
            following_count: row.try_get_by_index(12)?,
            posts_count: row.try_get_by_index(13)?,
            created_at: row.try_get_by_index(14)?,
            updated_at: row.try_get_by_index(15)?,
            settings: SettingsView {
                privacy: row.try_get_by_index(16)?,
                dm_policy: row.try_get_by_index(17)?,
                language: row.try_get_by_index(18)?,
                quiet_hours: row.try_get_by_index(19)?,
                push_enabled: row.try_get_by_index(20)?,
                email_enabled: row.try_get_by_index(21)?,
                digest_enabled: row.try_get_by_index(22)?,
            },
            is_following: false,
        })
    }

    fn read_with_following(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            is_following: row.try_get_by_index(23)?,
            ..Self::read(row)?
        })
    }

    /// The value of a field of [`SORTABLE`].
    pub fn sort_value(&self, field: &str) -> SortValue {
        match field {
            "handle" => SortValue::Text(self.handle.clone()),
            "name" => SortValue::Text(self.name.clone()),
            "photo" => SortValue::Text(self.photo.clone()),
            "locale" => SortValue::Text(self.locale.clone()),
            "followers_count" => SortValue::Integer(self.followers_count),
            "following_count" => SortValue::Integer(self.following_count),
            "posts_count" => SortValue::Integer(self.posts_count),
            "created_at" => SortValue::Time(self.created_at),
            "updated_at" => SortValue::Time(self.updated_at),
            _ => SortValue::Integer(self.id.0),
        }
    }

    /// What this viewer may see.
    pub fn view_for(self, viewer: &Viewer) -> UserView {
        let is_own = self.id == viewer.id;
        if is_own || viewer.is_staff {
            self.view(is_own)
        } else {
            self.view_for_others()
        }
    }

    /// Everything, for the account itself (and, with the settings of others kept back, for staff).
    pub fn view(self, is_own: bool) -> UserView {
        UserView {
            id: self.id.0,
            email: Some(self.email),
            handle: self.handle,
            name: self.name,
            bio: self.bio,
            photo: self.photo,
            birth_date: self.birth_date,
            birth_time: self.birth_time.map(TimeOfDay),
            birth_place: Some(self.birth_place),
            locale: self.locale,
            flags: self.flags,
            followers_count: self.followers_count,
            following_count: self.following_count,
            posts_count: self.posts_count,
            is_following: self.is_following,
            created_at: Timestamp(self.created_at),
            updated_at: Timestamp(self.updated_at),
            settings: if is_own {
                self.settings
            } else {
                self.settings.view_for_others()
            },
        }
    }

    fn view_for_others(self) -> UserView {
        UserView {
            email: None,
            birth_date: None,
            birth_time: None,
            birth_place: None,
            ..self.view(false)
        }
    }
}

/// A user.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    pub id: i64,
    /// Null for everybody but the user and staff; so are the birth data.
    #[schema(required = true)]
    pub email: Option<String>,
    #[schema(max_length = 30)]
    pub handle: String,
    #[schema(max_length = 120)]
    pub name: String,
    pub bio: String,
    /// Empty, an absolute URL, or a path on this host.
    pub photo: String,
    #[schema(required = true, value_type = Option<String>, format = "date")]
    pub birth_date: Option<NaiveDate>,
    #[schema(required = true)]
    pub birth_time: Option<TimeOfDay>,
    #[schema(required = true)]
    pub birth_place: Option<String>,
    pub locale: String,
    #[schema(value_type = Object)]
    pub flags: Value,
    pub followers_count: i64,
    pub following_count: i64,
    pub posts_count: i64,
    /// Whether the viewer follows this user.
    pub is_following: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub settings: SettingsView,
}

/// The settings of a user; others see defaults in place of quiet hours and switches.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = UserSettings)]
pub struct SettingsView {
    pub privacy: String,
    pub dm_policy: String,
    pub language: String,
    /// `{"start": "HH:MM", "end": "HH:MM"}` or empty.
    #[schema(value_type = Object)]
    pub quiet_hours: Value,
    pub push_enabled: bool,
    pub email_enabled: bool,
    pub digest_enabled: bool,
}

impl SettingsView {
    fn view_for_others(self) -> Self {
        Self {
            quiet_hours: Value::Object(serde_json::Map::new()),
            push_enabled: true,
            email_enabled: true,
            digest_enabled: false,
            ..self
        }
    }
}

const fn sortable(name: &'static str, kind: SortKind) -> Sortable {
    Sortable {
        name,
        kind,
        column: ("u", name),
    }
}

/// Breaks ties.
pub const ID: Sortable = sortable("id", SortKind::Integer);

/// What lists of users may be ordered by: fields that everybody sees of everybody, and that are short enough for a cursor.
pub const SORTABLE: [Sortable; 10] = [
    ID,
    sortable("handle", SortKind::Text),
    sortable("name", SortKind::Text),
    sortable("photo", SortKind::Text),
    sortable("locale", SortKind::Text),
    sortable("followers_count", SortKind::Integer),
    sortable("following_count", SortKind::Integer),
    sortable("posts_count", SortKind::Integer),
    sortable("created_at", SortKind::Time),
    sortable("updated_at", SortKind::Time),
];

/// The account itself.
pub async fn own(on: &impl ConnectionTrait, id: UserId) -> Result<Option<UserRow>, DbErr> {
    let text =
        format!("SELECT {COLUMNS} FROM users u JOIN user_settings s ON s.user_id = u.id WHERE u.id = $1");
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [id.0.into()]);
    on.query_one_raw(statement)
        .await?
        .map(|row| UserRow::read(&row))
        .transpose()
}

/// A user as `viewer` sees it.
pub async fn find(on: &impl ConnectionTrait, id: UserId, viewer: UserId) -> Result<Option<UserRow>, DbErr> {
    let mut query = seen_by(viewer);
    query.and_where(Expr::col(("u", "id")).eq(id.0));
    on.query_one(&query)
        .await?
        .map(|row| UserRow::read_with_following(&row))
        .transpose()
}

/// Users with their settings and whether `viewer` follows them; ordered and narrowed by the caller.
pub fn seen_by(viewer: UserId) -> SelectStatement {
    let followed = Query::select()
        .expr(Expr::val(1))
        .from_as("follows", "f")
        .and_where(Expr::col(("f", "follower_id")).eq(viewer.0))
        .and_where(Expr::col(("f", "followee_id")).equals(("u", "id")))
        .take();
    Query::select()
        .expr(Expr::cust(COLUMNS))
        .expr(Expr::exists(followed))
        .from_as("users", "u")
        .join_as(
            sea_orm::JoinType::InnerJoin,
            "user_settings",
            "s",
            Expr::col(("s", "user_id")).equals(("u", "id")),
        )
        .take()
}

/// The rows of a page of a query made by [`seen_by`].
pub async fn page_of(
    on: &impl ConnectionTrait,
    query: SelectStatement,
    page: &Page,
) -> Result<Vec<UserRow>, DbErr> {
    let statement = page.statement(query, on.get_database_backend());
    let rows = on.query_all_raw(statement).await?;
    rows.iter().map(UserRow::read_with_following).collect()
}

/// The rows of a query made by [`seen_by`].
pub async fn rows_of(on: &impl ConnectionTrait, query: &SelectStatement) -> Result<Vec<UserRow>, DbErr> {
    on.query_all(query)
        .await?
        .iter()
        .map(UserRow::read_with_following)
        .collect()
}

/// What the directory is searched for.
#[derive(Debug, Default)]
pub struct DirectorySearch {
    /// One text that must occur as it is.
    pub phrase: String,
    /// Terms that must all occur.
    pub terms: Vec<String>,
}

impl DirectorySearch {
    /// Reads the parameters `q` and `search`: the latter is split at blanks and commas, `"…"` keeps a group together.
    pub fn of(q: &str, search: &str) -> Self {
        let (mut terms, mut term, mut quoted) = (Vec::new(), String::new(), false);
        for character in search.chars() {
            match character {
                '"' => quoted = !quoted,
                character if !quoted && (character.is_whitespace() || character == ',') => {
                    terms.push(std::mem::take(&mut term));
                }
                character => term.push(character),
            }
        }
        terms.push(term);
        terms.retain(|term| !term.trim().is_empty());
        Self {
            phrase: q.trim().to_owned(),
            terms,
        }
    }

    /// Every text must occur in handle or name, whatever its letter case, or be the whole address of the account.
    pub fn narrow(&self, query: &mut SelectStatement) {
        let texts = self
            .terms
            .iter()
            .chain(Some(&self.phrase).filter(|phrase| !phrase.is_empty()));
        for text in texts {
            let text = text.to_lowercase();
            if text.len() > LONGEST_NEEDLE || text.contains(['\0', '\n']) {
                // In no handle or name, and PostgreSQL could not even be asked.
                query.cond_where(Condition::all().add(Expr::value(1).eq(0)));
                return;
            }
            let pattern = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let occurs =
                Expr::col(("u", "search_text")).like(LikeExpr::new(format!("%{pattern}%")).escape('\\'));
            query.cond_where(
                Condition::any()
                    .add(occurs)
                    .add(Expr::col(("u", "email_key")).eq(text)),
            );
        }
    }
}

/// What the directory searches in.
pub fn search_text(handle: &str, name: &str) -> String {
    format!("{handle}\n{}", name.to_lowercase())
}

/// Whether there is such an account.
pub async fn exists(on: &impl ConnectionTrait, id: UserId) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(
        on.get_database_backend(),
        "SELECT 1 FROM users WHERE id = $1",
        [id.0.into()],
    );
    Ok(on.query_one_raw(statement).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_terms() {
        let search = DirectorySearch::of("  a b ", "one, two \"three four\",,  ");
        assert_eq!(
            (search.phrase.as_str(), search.terms),
            (
                "a b",
                vec!["one".to_owned(), "two".to_owned(), "three four".to_owned()]
            )
        );
        assert!(DirectorySearch::of("", " , ").terms.is_empty());
    }

    #[test]
    fn wildcards_are_literal() {
        let mut query = seen_by(UserId(1));
        DirectorySearch::of("50%_\\", "").narrow(&mut query);
        let text = query.to_string(sea_orm::sea_query::SqliteQueryBuilder);
        assert!(text.contains(r"LIKE '%50\%\_\\%' ESCAPE '\'"), "{text}");
    }
}
