//! Users as others see them: the row with everything that an answer shows, and what of it a viewer may see.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use platform::{
    db::Tx,
    http::{Page, SortKind, SortValue, Sortable, TimeOfDay, Timestamp, Viewer},
    id::UserId,
};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult, Statement,
    sea_query::{Condition, Expr, ExprTrait as _, Query, SelectStatement},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::privacy::{self, Audience, Sight};

/// The columns of a [`UserRow`], in its order.
const COLUMNS: &str = "u.id, p.email, u.handle, u.name, u.bio, u.photo, p.birth_date, p.birth_time, p.birth_place, u.locale, \
     u.flags, u.followers_count, u.following_count, u.posts_count, u.created_at, u.updated_at, \
     s.privacy, s.dm_policy, s.language, s.quiet_hours, s.push_enabled, s.email_enabled, s.digest_enabled";

/// A user with its settings.
#[derive(Clone)]
pub struct UserRow {
    pub id: UserId,
    /// Address and birth data are not even read for viewers who may not see them.
    email: Option<String>,
    handle: String,
    name: String,
    bio: String,
    photo: String,
    birth_date: Option<NaiveDate>,
    birth_time: Option<NaiveTime>,
    birth_place: Option<String>,
    locale: String,
    flags: Value,
    followers_count: i64,
    following_count: i64,
    posts_count: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    settings: SettingsView,
    is_following: bool,
    is_followed: bool,
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
            is_followed: false,
        })
    }

    /// Reads a row of a query made by [`seen_by`].
    pub fn read_with_ties(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            is_following: row.try_get_by_index(23)?,
            is_followed: row.try_get_by_index(24)?,
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

    /// How much of it this viewer sees.
    pub fn sight(&self, viewer: &Viewer) -> Sight {
        let audience = Audience::of(&self.settings.privacy);
        privacy::sight(viewer, self.id, audience, self.is_following && self.is_followed)
    }

    /// What this viewer may see.
    pub fn view_for(self, viewer: &Viewer) -> UserView {
        if self.id == viewer.id {
            return self.view();
        }
        let sight = self.sight(viewer);
        self.view_in(sight)
    }

    /// The least that a viewer sees of somebody whose name is shown at all.
    pub fn card(self) -> UserView {
        self.view_in(Sight::Card)
    }

    fn view_in(self, sight: Sight) -> UserView {
        let mut view = self.view();
        view.settings = view.settings.view_for_others();
        // The mobile app's directory looks for the state of its follow button here.
        if let Value::Object(flags) = &mut view.flags {
            flags.insert("following".to_owned(), view.is_following.into());
        }
        if sight < Sight::Everything {
            view.email = None;
            view.birth_date = None;
            view.birth_time = None;
            view.birth_place = None;
        }
        if sight < Sight::Profile {
            view.bio = String::new();
        }
        view
    }

    /// Everything, for the account itself.
    pub fn view(self) -> UserView {
        UserView {
            id: self.id.0,
            email: self.email,
            handle: self.handle,
            name: self.name,
            bio: self.bio,
            photo: self.photo,
            birth_date: self.birth_date,
            birth_time: self.birth_time.map(TimeOfDay),
            birth_place: self.birth_place,
            locale: self.locale,
            flags: self.flags,
            followers_count: self.followers_count,
            following_count: self.following_count,
            posts_count: self.posts_count,
            is_following: self.is_following,
            created_at: Timestamp(self.created_at),
            updated_at: Timestamp(self.updated_at),
            settings: self.settings,
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
    let text = format!(
        "SELECT {COLUMNS} FROM users u JOIN user_settings s ON s.user_id = u.id \
         JOIN user_pii p ON p.user_id = u.id WHERE u.id = $1"
    );
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [id.0.into()]);
    on.query_one_raw(statement)
        .await?
        .map(|row| UserRow::read(&row))
        .transpose()
}

/// A user as `viewer` sees it; `None` also when either has blocked the other.
pub async fn find(on: &impl ConnectionTrait, id: UserId, viewer: &Viewer) -> Result<Option<UserRow>, DbErr> {
    let mut query = seen_by(viewer);
    privacy::leave_out_blocked(&mut query, viewer);
    query.and_where(Expr::col(("u", "id")).eq(id.0));
    on.query_one(&query)
        .await?
        .map(|row| UserRow::read_with_ties(&row))
        .transpose()
}

/// Users with their settings and whether they and `viewer` follow one another; ordered and narrowed by the caller.
pub fn seen_by(viewer: &Viewer) -> SelectStatement {
    let follows = |follower: Expr, followee: Expr| {
        let followed = Query::select()
            .expr(Expr::val(1))
            .from_as("follows", "f")
            .and_where(Expr::col(("f", "follower_id")).eq(follower))
            .and_where(Expr::col(("f", "followee_id")).eq(followee))
            .take();
        Expr::exists(followed)
    };
    let (viewer_id, user_id) = (|| Expr::val(viewer.id.0), || Expr::col(("u", "id")));
    let mut personal = Condition::all().add(Expr::col(("p", "user_id")).equals(("u", "id")));
    if !viewer.is_staff {
        personal = personal.add(user_id().eq(viewer.id.0));
    }
    Query::select()
        .expr(Expr::cust(COLUMNS))
        .expr(follows(viewer_id(), user_id()))
        .expr(follows(user_id(), viewer_id()))
        .from_as("users", "u")
        .join_as(
            sea_orm::JoinType::InnerJoin,
            "user_settings",
            "s",
            Expr::col(("s", "user_id")).equals(("u", "id")),
        )
        .join_as(sea_orm::JoinType::LeftJoin, "user_pii", "p", personal)
        .take()
}

/// The users of these ids (a page of them: at most a few hundred) as `viewer` sees them beside what they wrote; nobody's
/// viewer sees what strangers see. In one query.
pub async fn shown_to(
    on: &impl ConnectionTrait,
    viewer: Option<&Viewer>,
    ids: &[UserId],
) -> Result<HashMap<UserId, UserView>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let nobody = Viewer {
        id: UserId(0),
        session: 0,
        is_verified: false,
        is_staff: false,
        is_superuser: false,
        lacks_second_factor: false,
        is_restricted: false,
    };
    let viewer = viewer.unwrap_or(&nobody);
    let mut query = seen_by(viewer);
    query.and_where(Expr::col(("u", "id")).is_in(ids.iter().map(|id| id.0)));
    let rows = rows_of(on, &query).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.view_for(viewer)))
        .collect())
}

/// Changes how many posts an account has, in the transaction that adds or removes them.
pub async fn count_posts(tx: &Tx, user: UserId, by: i64) -> Result<(), DbErr> {
    let text = "UPDATE users SET posts_count = posts_count + $1 WHERE id = $2";
    let statement =
        Statement::from_sql_and_values(tx.get_database_backend(), text, [by.into(), user.0.into()]);
    tx.execute_raw(statement).await.map(drop)
}

/// The same without those that lists do not show to `viewer`.
pub fn listed_for(viewer: &Viewer) -> SelectStatement {
    let mut query = seen_by(viewer);
    privacy::leave_out_blocked(&mut query, viewer);
    privacy::leave_out_private(&mut query, viewer);
    query
}

/// The rows of a page of a query made by [`seen_by`].
pub async fn page_of(
    on: &impl ConnectionTrait,
    query: SelectStatement,
    page: &Page,
) -> Result<Vec<UserRow>, DbErr> {
    let statement = page.statement(query, on.get_database_backend());
    let rows = on.query_all_raw(statement).await?;
    rows.iter().map(UserRow::read_with_ties).collect()
}

/// The rows of a query made by [`seen_by`].
pub async fn rows_of(on: &impl ConnectionTrait, query: &SelectStatement) -> Result<Vec<UserRow>, DbErr> {
    on.query_all(query)
        .await?
        .iter()
        .map(UserRow::read_with_ties)
        .collect()
}

/// What the directory searches in.
pub fn search_text(handle: &str, name: &str) -> String {
    format!("{handle}\n{}", name.to_lowercase())
}

/// Those of these ids (a page of them: at most a few hundred) that are ids of accounts.
pub async fn existing(on: &impl ConnectionTrait, ids: &[UserId]) -> Result<HashSet<UserId>, DbErr> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let query = Query::select()
        .column("id")
        .from("users")
        .and_where(Expr::col("id").is_in(ids.iter().map(|id| id.0)))
        .take();
    let rows = on.query_all(&query).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
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
