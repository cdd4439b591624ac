//! Matching profiles: what somebody says of themselves and looks for. They are apart from account and personal map.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use platform::{App, id::UserId};
use sea_orm::{ActiveValue::Set, ConnectionTrait as _, DbErr, EntityTrait as _, Statement};

use crate::{
    entities::matching_profiles::{
        ActiveModel, AttachmentStyle, Entity, Gender, Model, Orientation, RelationshipGoal, Words,
    },
    errors::{AccountError, gone},
    profiles::{self, ProfileChange, SettingsChange, set},
};

/// A change of a matching profile; what is `None` stays.
#[derive(Debug, Default)]
pub struct MatchingChange {
    pub gender: Option<Gender>,
    pub orientation: Option<Orientation>,
    pub relationship_goal: Option<RelationshipGoal>,
    pub values: Option<Words>,
    pub preferred_lifestyle: Option<Words>,
    pub attachment_style: Option<AttachmentStyle>,
    pub love_language: Option<Words>,
    pub birth_date: Option<Option<NaiveDate>>,
    pub birth_time: Option<Option<NaiveTime>>,
    pub birth_city: Option<String>,
    pub birth_country: Option<String>,
    pub birth_timezone: Option<String>,
    pub birth_latitude: Option<Option<f64>>,
    pub birth_longitude: Option<Option<f64>>,
    /// The language of the account's settings, which the app sends along.
    pub language: Option<String>,
}

impl Model {
    /// A profile that says nothing yet.
    fn empty(user_id: UserId, at: DateTime<Utc>) -> Self {
        Self {
            user_id,
            gender: Gender::default(),
            orientation: Orientation::default(),
            relationship_goal: RelationshipGoal::default(),
            core_values: Words::default(),
            preferred_lifestyle: Words::default(),
            attachment_style: AttachmentStyle::default(),
            love_language: Words::default(),
            birth_date: None,
            birth_time: None,
            birth_city: String::new(),
            birth_country: String::new(),
            birth_timezone: String::new(),
            birth_latitude: None,
            birth_longitude: None,
            created_at: at,
            updated_at: at,
        }
    }

    fn is_empty(&self) -> bool {
        let empty = Self {
            updated_at: self.updated_at,
            ..Self::empty(self.user_id, self.created_at)
        };
        *self == empty
    }
}

/// The profile of an account; an empty one before the first change.
pub async fn find(app: &App, user: UserId) -> Result<Model, DbErr> {
    let stored = Entity::find_by_id(user).one(app.db().reader()).await?;
    Ok(stored.unwrap_or_else(|| Model::empty(user, app.clock().now())))
}

/// Changes a profile; also whether it said nothing before.
pub async fn change(app: &App, user: UserId, change: &MatchingChange) -> Result<(Model, bool), AccountError> {
    app.db()
        .write(|tx| async move {
            // Makes the row or takes hold of it: of two first changes at once, one is the first.
            let text = "INSERT INTO matching_profiles (user_id, created_at, updated_at) VALUES ($1, $2, $2) \
                        ON CONFLICT (user_id) DO UPDATE SET updated_at = excluded.updated_at";
            tx.execute_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                text,
                [user.0.into(), tx.now().into()],
            ))
            .await
            .map_err(gone)?;
            let before = Entity::find_by_id(user)
                .one(&tx)
                .await?
                .ok_or(AccountError::NoSuchUser)?;
            let row = ActiveModel {
                user_id: Set(user),
                gender: set(change.gender.as_ref()),
                orientation: set(change.orientation.as_ref()),
                relationship_goal: set(change.relationship_goal.as_ref()),
                core_values: set(change.values.as_ref()),
                preferred_lifestyle: set(change.preferred_lifestyle.as_ref()),
                attachment_style: set(change.attachment_style.as_ref()),
                love_language: set(change.love_language.as_ref()),
                birth_date: set(change.birth_date.as_ref()),
                birth_time: set(change.birth_time.as_ref()),
                birth_city: set(change.birth_city.as_ref()),
                birth_country: set(change.birth_country.as_ref()),
                birth_timezone: set(change.birth_timezone.as_ref()),
                birth_latitude: set(change.birth_latitude.as_ref()),
                birth_longitude: set(change.birth_longitude.as_ref()),
                updated_at: Set(tx.now()),
                ..Default::default()
            };
            let after = Entity::update(row).exec(&tx).await?;
            if change.language.is_some() {
                let settings = SettingsChange {
                    language: change.language.clone(),
                    ..SettingsChange::default()
                };
                let of_account = ProfileChange {
                    settings: Some(settings),
                    ..ProfileChange::default()
                };
                profiles::apply(&tx, user, &of_account).await?;
            }
            Ok((after, before.is_empty()))
        })
        .await
}
