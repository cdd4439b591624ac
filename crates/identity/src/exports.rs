//! The copy of their own data that people may ask for: collected by a job, kept for a week.

use chrono::{DateTime, Duration, Utc};
use platform::{App, http::Timestamp, id::UserId, jobs::Job};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult as _,
    JsonValue, QueryFilter as _, Statement, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{entities::account_exports, errors::AccountError, events::ExportRequested};

/// How long a copy can be fetched.
const LIFETIME: Duration = Duration::days(7);
/// How old a copy must be before another is made.
const PAUSE: Duration = Duration::hours(1);

/// What this domain knows of somebody: the name of each part and the query for it; `$1` is the account.
const PARTS: [(&str, &str); 13] = [
    (
        "account",
        "SELECT u.id, p.email, u.handle, u.name, u.bio, u.photo, u.locale, p.birth_date, p.birth_time, p.birth_place, \
         u.followers_count, u.following_count, u.posts_count, u.created_at, u.updated_at \
         FROM users u JOIN user_pii p ON p.user_id = u.id WHERE u.id = $1",
    ),
    (
        "settings",
        "SELECT privacy, dm_policy, language, quiet_hours, push_enabled, email_enabled, digest_enabled \
         FROM user_settings WHERE user_id = $1",
    ),
    (
        "sessions",
        "SELECT address, user_agent, created_at, rotated_at AS last_used_at, revoked_at AS ended_at \
         FROM sessions WHERE user_id = $1 ORDER BY created_at",
    ),
    (
        "personal_map",
        "SELECT first_name, last_name, birth_date, birth_time, birth_place_country, birth_place_city, avatar, created_at, \
         updated_at FROM personal_maps WHERE user_id = $1",
    ),
    (
        "matching_profile",
        "SELECT gender, orientation, relationship_goal, core_values, preferred_lifestyle, attachment_style, love_language, \
         birth_date, birth_time, birth_city, birth_country, birth_timezone, birth_latitude, birth_longitude, created_at, \
         updated_at FROM matching_profiles WHERE user_id = $1",
    ),
    (
        "devices",
        "SELECT device_type, push_token, last_seen, created_at FROM devices WHERE user_id = $1 ORDER BY created_at",
    ),
    (
        "passkeys",
        "SELECT name, created_at, last_used_at FROM passkeys WHERE user_id = $1 ORDER BY id",
    ),
    (
        "social_accounts",
        "SELECT provider, uid, login, created_at FROM social_accounts WHERE user_id = $1 ORDER BY provider",
    ),
    (
        "groups",
        "SELECT group_name AS name FROM group_members WHERE user_id = $1 ORDER BY group_name",
    ),
    (
        "following",
        "SELECT u.id, u.handle, f.created_at AS since FROM follows f JOIN users u ON u.id = f.followee_id \
         WHERE f.follower_id = $1 ORDER BY f.created_at, u.id",
    ),
    (
        "followers",
        "SELECT u.id, u.handle, f.created_at AS since FROM follows f JOIN users u ON u.id = f.follower_id \
         WHERE f.followee_id = $1 ORDER BY f.created_at, u.id",
    ),
    (
        "blocks",
        "SELECT u.id, u.handle, b.created_at AS since FROM blocks b JOIN users u ON u.id = b.target_id \
         WHERE b.user_id = $1 ORDER BY b.created_at, u.id",
    ),
    (
        "mutes",
        "SELECT u.id, u.handle, m.created_at AS since FROM mutes m JOIN users u ON u.id = m.target_id \
         WHERE m.user_id = $1 ORDER BY m.created_at, u.id",
    ),
];

/// The columns of [`PARTS`] that hold JSON.
const JSON_COLUMNS: [&str; 4] = [
    "core_values",
    "love_language",
    "preferred_lifestyle",
    "quiet_hours",
];

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// None was asked for, or it is too old.
    None,
    /// It is being collected.
    Pending { requested_at: DateTime<Utc> },
    /// It can be fetched.
    Ready {
        requested_at: DateTime<Utc>,
        ready_at: DateTime<Utc>,
    },
}

impl State {
    /// When a copy that is ready is removed.
    pub fn expires_at(ready_at: DateTime<Utc>) -> DateTime<Utc> {
        ready_at + LIFETIME
    }
}

/// How far the account's copy is.
pub async fn state(on: &impl ConnectionTrait, user: UserId, now: DateTime<Utc>) -> Result<State, DbErr> {
    let text = "SELECT requested_at, ready_at FROM account_exports WHERE user_id = $1";
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [user.0.into()]);
    let Some(row) = on.query_one_raw(statement).await? else {
        return Ok(State::None);
    };
    let requested_at = row.try_get_by_index(0)?;
    Ok(match row.try_get_by_index::<Option<DateTime<Utc>>>(1)? {
        None => State::Pending { requested_at },
        Some(ready_at) if State::expires_at(ready_at) <= now => State::None,
        Some(ready_at) => State::Ready {
            requested_at,
            ready_at,
        },
    })
}

/// Asks for a copy, unless one is being made or is less than an hour old.
pub async fn request(app: &App, user: UserId) -> Result<State, AccountError> {
    app.db()
        .write(|tx| async move {
            let current = state(&tx, user, tx.now()).await?;
            match current {
                State::Pending { .. } => return Ok(current),
                State::Ready { ready_at, .. } if tx.now() < ready_at + PAUSE => return Ok(current),
                State::Ready { .. } | State::None => {}
            }
            let row = account_exports::ActiveModel {
                user_id: Set(user),
                requested_at: Set(tx.now()),
                ready_at: Set(None),
                document: Set(String::new()),
            };
            let renewed = OnConflict::column(account_exports::Column::UserId)
                .update_columns([
                    account_exports::Column::RequestedAt,
                    account_exports::Column::ReadyAt,
                    account_exports::Column::Document,
                ])
                .to_owned();
            account_exports::Entity::insert(row)
                .on_conflict(renewed)
                .exec_without_returning(&tx)
                .await?;
            tx.append(&ExportRequested { user_id: user }).await?;
            Ok(State::Pending {
                requested_at: tx.now(),
            })
        })
        .await
}

/// The copy itself, when it is ready.
pub async fn document(app: &App, user: UserId) -> Result<Option<String>, DbErr> {
    let row = account_exports::Entity::find_by_id(user)
        .one(app.db().reader())
        .await?;
    let oldest = app.clock().now() - LIFETIME;
    Ok(row
        .filter(|row| row.ready_at.is_some_and(|ready_at| ready_at > oldest))
        .map(|row| row.document))
}

/// What this domain knows of somebody.
pub async fn collect(on: &impl ConnectionTrait, user: UserId) -> Result<Value, DbErr> {
    let mut collected = Map::new();
    for (name, query) in PARTS {
        let statement = Statement::from_sql_and_values(on.get_database_backend(), query, [user.0.into()]);
        let mut rows = JsonValue::find_by_statement(statement).all(on).await?;
        rows.iter_mut().for_each(parse_json_columns);
        collected.insert(name.to_owned(), Value::Array(rows));
    }
    Ok(Value::Object(collected))
}

/// SQLite keeps JSON as text.
fn parse_json_columns(row: &mut Value) {
    for column in JSON_COLUMNS {
        if let Some(Value::String(text)) = row.get(column)
            && let Ok(parsed) = serde_json::from_str(text)
        {
            row[column] = parsed;
        }
    }
}

/// Collects the copy that an account has asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct CollectExport {
    pub user_id: UserId,
}

impl Job for CollectExport {
    const NAME: &'static str = "identity.collect_export";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let user = self.user_id;
        let State::Pending { requested_at } = state(app.db().reader(), user, app.clock().now()).await? else {
            return Ok(());
        };
        let mut document = Map::new();
        document.insert("requested_at".to_owned(), json!(Timestamp(requested_at)));
        for (domain, data) in app.personal_data() {
            let part = (data.export)(app.clone(), user).await?;
            document.insert((*domain).to_owned(), part);
        }
        let document = &serde_json::to_string_pretty(&document)?;
        app.db()
            .write(|tx| async move {
                let row = account_exports::ActiveModel {
                    ready_at: Set(Some(tx.now())),
                    document: Set(document.clone()),
                    ..Default::default()
                };
                account_exports::Entity::update_many()
                    .set(row)
                    .filter(account_exports::Column::UserId.eq(user))
                    .filter(account_exports::Column::ReadyAt.is_null())
                    .exec(&tx)
                    .await
            })
            .await?;
        Ok(())
    }
}

/// Removes copies that are too old to be fetched, and what became of requests that never were answered.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeExports {}

impl Job for PurgeExports {
    const NAME: &'static str = "identity.purge_exports";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let oldest = app.clock().now() - LIFETIME;
        app.db()
            .write(|tx| async move {
                account_exports::Entity::delete_many()
                    .filter(account_exports::Column::RequestedAt.lt(oldest))
                    .exec(&tx)
                    .await
            })
            .await?;
        Ok(())
    }
}
