//! Personal maps: name, birth and picture as somebody gives them when they begin. What is complete enough is written
//! through to the account; changes of the account do not come back.

use chrono::{NaiveDate, NaiveTime};
use platform::{App, db::Tx, id::UserId};
use sea_orm::{ActiveValue::Set, ConnectionTrait as _, EntityTrait as _, Statement};

use crate::{
    avatars::{self, Avatar},
    entities::personal_maps,
    errors::{AccountError, gone},
    events::AvatarReplaced,
    profiles::{self, ProfileChange, set},
    users,
};

/// Longest name of an account, in characters.
const LONGEST_NAME: usize = 120;

/// A personal map with the address of its account.
pub struct PersonalMap {
    pub email: String,
    /// `None` before the first save.
    pub stored: Option<personal_maps::Model>,
}

/// A change of a personal map; what is `None` stays.
#[derive(Debug, Default)]
pub struct MapChange {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub birth_time: Option<Option<NaiveTime>>,
    pub birth_place_country: Option<String>,
    pub birth_place_city: Option<String>,
    pub avatar: Option<Option<Avatar>>,
}

impl personal_maps::Model {
    /// Whether it has everything that a chart needs; the time of birth is often unknown.
    pub fn is_complete(&self) -> bool {
        let texts = [
            &self.first_name,
            &self.last_name,
            &self.birth_place_country,
            &self.birth_place_city,
        ];
        self.birth_date.is_some() && texts.iter().all(|text| !text.is_empty())
    }
}

/// The map of an account.
pub async fn find(app: &App, user: UserId) -> Result<PersonalMap, AccountError> {
    let on = app.db().reader();
    let account = users::own(on, user).await?.ok_or(AccountError::NoSuchUser)?;
    Ok(PersonalMap {
        email: account.view().email.unwrap_or_default(),
        stored: personal_maps::Entity::find_by_id(user).one(on).await?,
    })
}

/// Changes the map, which may stay incomplete, and writes it through to the account.
///
/// The new avatar is stored before the transaction and the old one removed after it, by a job: at every moment the file
/// that the map names is there. A crash in between leaves a listed file that nobody refers to, and [`avatars::purge`]
/// removes it.
pub async fn save(app: &App, user: UserId, change: &MapChange) -> Result<PersonalMap, AccountError> {
    let key = match &change.avatar {
        Some(Some(avatar)) => Some(avatars::store(app, user, avatar).await?),
        Some(None) => Some(String::new()),
        None => None,
    };
    let key = key.as_ref();
    app.db()
        .write(|tx| async move {
            let map = write(&tx, user, change, key).await?;
            // Not the URL of the answer, which may be signed and expire.
            let photo = (!map.avatar.is_empty()).then(|| app.storage().plain_url(&map.avatar));
            let account = profiles::apply(&tx, user, &written_through(&map, photo)).await?;
            Ok(PersonalMap {
                email: account.view().email.unwrap_or_default(),
                stored: Some(map),
            })
        })
        .await
}

async fn write(
    tx: &Tx,
    user: UserId,
    change: &MapChange,
    key: Option<&String>,
) -> Result<personal_maps::Model, AccountError> {
    // One statement makes the row or takes hold of it: of two first saves at once the second waits for the first, and
    // then changes what it has made.
    let text = "INSERT INTO personal_maps (user_id, created_at, updated_at) VALUES ($1, $2, $2) \
                ON CONFLICT (user_id) DO UPDATE SET updated_at = excluded.updated_at";
    tx.execute_raw(Statement::from_sql_and_values(
        tx.get_database_backend(),
        text,
        [user.0.into(), tx.now().into()],
    ))
    .await
    .map_err(gone)?;
    let before = personal_maps::Entity::find_by_id(user)
        .one(tx)
        .await?
        .ok_or(AccountError::NoSuchUser)?;
    let row = personal_maps::ActiveModel {
        user_id: Set(user),
        first_name: set(change.first_name.as_ref()),
        last_name: set(change.last_name.as_ref()),
        birth_date: set(change.birth_date.map(Some).as_ref()),
        birth_time: set(change.birth_time.as_ref()),
        birth_place_country: set(change.birth_place_country.as_ref()),
        birth_place_city: set(change.birth_place_city.as_ref()),
        avatar: set(key),
        updated_at: Set(tx.now()),
        ..Default::default()
    };
    let map = personal_maps::Entity::update(row).exec(tx).await?;
    // An avatar that is taken away stays in the storage as long as the account's photo shows it.
    if !map.avatar.is_empty() && !before.avatar.is_empty() && before.avatar != map.avatar {
        tx.append(&AvatarReplaced { key: before.avatar }).await?;
    }
    Ok(map)
}

/// What the account takes over from a map.
fn written_through(map: &personal_maps::Model, photo: Option<String>) -> ProfileChange {
    let joined = |parts: [&str; 2], between: &str| {
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Some(parts.join(between)).filter(|text| !text.is_empty())
    };
    let name = joined([&map.first_name, &map.last_name], " ");
    ProfileChange {
        name: name.map(|name| {
            name.chars()
                .take(LONGEST_NAME)
                .collect::<String>()
                .trim_end()
                .to_owned()
        }),
        birth_date: map.birth_date.map(Some),
        birth_time: Some(map.birth_time),
        birth_place: joined([&map.birth_place_city, &map.birth_place_country], ", "),
        photo,
        ..ProfileChange::default()
    }
}
