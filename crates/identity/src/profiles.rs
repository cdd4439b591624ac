//! Changes of one's own profile and settings.

use chrono::{NaiveDate, NaiveTime};
use platform::{App, db::Tx, id::UserId};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{NotSet, Set},
    EntityTrait as _,
};
use serde_json::{Map, Value};

use crate::{
    entities::{user_pii, user_settings, users},
    errors::AccountError,
    events::UserChanged,
    users::{UserRow, own, search_text},
};

/// A change of one's own profile; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    pub name: Option<String>,
    pub bio: Option<String>,
    pub photo: Option<String>,
    pub birth_date: Option<Option<NaiveDate>>,
    pub birth_time: Option<Option<NaiveTime>>,
    pub birth_place: Option<String>,
    pub locale: Option<String>,
    pub settings: Option<SettingsChange>,
}

/// A change of one's own settings; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct SettingsChange {
    pub privacy: Option<String>,
    pub dm_policy: Option<String>,
    pub language: Option<String>,
    pub quiet_hours: Option<Map<String, Value>>,
    pub push_enabled: Option<bool>,
    pub email_enabled: Option<bool>,
    pub digest_enabled: Option<bool>,
}

/// Changes profile and settings, all or nothing.
pub async fn change(app: &App, id: UserId, change: &ProfileChange) -> Result<UserRow, AccountError> {
    app.db()
        .write(|tx| async move { apply(&tx, id, change).await })
        .await
}

/// The same inside a transaction of the caller's.
pub async fn apply(tx: &Tx, id: UserId, change: &ProfileChange) -> Result<UserRow, AccountError> {
    let account = users::Entity::find_by_id(id)
        .one(tx)
        .await?
        .ok_or(AccountError::NoSuchUser)?;
    let row = users::ActiveModel {
        id: Set(id),
        search_text: change
            .name
            .as_ref()
            .map_or(NotSet, |name| Set(search_text(&account.handle, name))),
        name: set(change.name.as_ref()),
        bio: set(change.bio.as_ref()),
        photo: set(change.photo.as_ref()),
        locale: set(change.locale.as_ref()),
        updated_at: Set(tx.now()),
        ..Default::default()
    };
    users::Entity::update(row).exec(tx).await?;
    let personal = user_pii::ActiveModel {
        user_id: Set(id),
        birth_date: set(change.birth_date.as_ref()),
        birth_time: set(change.birth_time.as_ref()),
        birth_place: set(change.birth_place.as_ref()),
        ..Default::default()
    };
    if personal.is_changed() {
        user_pii::Entity::update(personal).exec(tx).await?;
    }
    if let Some(settings) = &change.settings {
        change_settings(tx, id, settings).await?;
    }
    tx.append(&UserChanged { user_id: id }).await?;
    own(tx, id).await?.ok_or(AccountError::NoSuchUser)
}

async fn change_settings(tx: &Tx, id: UserId, change: &SettingsChange) -> Result<(), AccountError> {
    let row = user_settings::ActiveModel {
        user_id: Set(id),
        privacy: set(change.privacy.as_ref()),
        dm_policy: set(change.dm_policy.as_ref()),
        language: set(change.language.as_ref()),
        quiet_hours: change
            .quiet_hours
            .clone()
            .map_or(NotSet, |hours| Set(Value::Object(hours))),
        push_enabled: set(change.push_enabled.as_ref()),
        email_enabled: set(change.email_enabled.as_ref()),
        digest_enabled: set(change.digest_enabled.as_ref()),
    };
    if row.is_changed() {
        user_settings::Entity::update(row).exec(tx).await?;
    }
    Ok(())
}

/// A column that changes if there is a value for it.
pub fn set<T: Clone + Into<sea_orm::Value>>(value: Option<&T>) -> sea_orm::ActiveValue<T> {
    value.cloned().map_or(NotSet, Set)
}
