//! Accounts: registration, sign-in, changes.

use chrono::{NaiveDate, NaiveTime};
use platform::{
    App,
    db::{Tx, violates_unique},
    http::ApiError,
    id::UserId,
    storage::StorageError,
};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use serde_json::{Map, Value, json};

use crate::{
    entities::{user_pii, user_settings, users},
    events::{UserChanged, UserRegistered},
    handles,
    second_factor::FactorError,
    sessions::{self, ClientInfo, TokenPair},
    users::{UserRow, own, search_text},
};

/// How often a handle is made anew when another account was quicker.
const HANDLE_ATTEMPTS: usize = 20;

/// What can be wrong with a request about accounts.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Another account has the address.
    #[error("user with this email already exists.")]
    EmailTaken,
    /// Another account has the handle as it was sent.
    #[error("user with this handle already exists.")]
    HandleTaken,
    /// Another account has what the handle becomes.
    #[error("Handle is already taken.")]
    NormalisedHandleTaken,
    /// Nothing of the handle is left.
    #[error("Handle must contain letters or numbers.")]
    HandleEmpty,
    /// No such account, wrong password or deactivated: the same to the client.
    #[error("Invalid credentials")]
    InvalidCredentials,
    /// Moderators have suspended the account: for how long and why, to whoever has shown to be its owner.
    #[error("{0}")]
    Suspended(String),
    /// The password that confirms a change is wrong; names the field that it was sent in.
    #[error("The password is not right.")]
    WrongPassword(&'static str),
    /// Too many wrong passwords or too many mails; the seconds until another fits.
    #[error("too many requests, try again in {0} s")]
    TooManyAttempts(u64),
    /// The token of a mail is unknown, used or expired.
    #[error("This link is invalid or has expired.")]
    InvalidToken,
    /// The refresh token is not ours, has ended, or its account has.
    #[error("Token is invalid or expired")]
    InvalidRefreshToken,
    /// An access token was presented.
    #[error("Token has wrong type")]
    WrongTokenType,
    /// The refresh token was exchanged before.
    #[error("Token is blacklisted")]
    UsedRefreshToken,
    /// There is no such user.
    #[error("No User matches the given query.")]
    NoSuchUser,
    /// The handle is missing or not the account's.
    #[error("Type your handle to confirm.")]
    HandleNotConfirmed,
    /// One cannot follow oneself.
    #[error("Cannot follow yourself")]
    OwnFollow,
    /// One cannot block oneself.
    #[error("Cannot block yourself")]
    OwnBlock,
    /// One cannot mute oneself.
    #[error("Cannot mute yourself")]
    OwnMute,
    /// The storage of files failed.
    #[error("Files cannot be stored at the moment. Please try again later.")]
    Storage(#[from] StorageError),
    /// The second factor is wrong.
    #[error(transparent)]
    Factor(#[from] FactorError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// Something else failed.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let text = error.to_string();
        match error {
            AccountError::EmailTaken => Self::field("email", text),
            AccountError::HandleTaken
            | AccountError::NormalisedHandleTaken
            | AccountError::HandleEmpty
            | AccountError::HandleNotConfirmed => Self::field("handle", text),
            AccountError::InvalidCredentials => Self::object(text),
            AccountError::Suspended(sentence) => Self::account_suspended(&sentence),
            AccountError::WrongPassword(field) => Self::field(field, text),
            AccountError::TooManyAttempts(seconds) => Self::throttled(seconds),
            AccountError::InvalidToken => Self::field("token", text),
            AccountError::InvalidRefreshToken
            | AccountError::WrongTokenType
            | AccountError::UsedRefreshToken => Self::unauthorized_code(&text, "token_not_valid"),
            AccountError::NoSuchUser => Self::no_match("User"),
            AccountError::OwnFollow | AccountError::OwnBlock | AccountError::OwnMute => {
                Self::bad_request(text)
            }
            AccountError::Storage(error) => {
                tracing::error!(%error, "a file could not be stored");
                Self::unavailable(&text)
            }
            AccountError::Factor(error) => error.into(),
            AccountError::Database(error) => error.into(),
            AccountError::Internal(error) => error.into(),
        }
    }
}

/// What a registration asks for. The texts are valid by themselves.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    pub email: String,
    pub password: String,
    pub name: String,
    /// Made from name and address when blank.
    pub handle: String,
    /// Whether somebody who is believed has said that the address is the owner's.
    pub email_is_verified: bool,
}

/// A signed-in account.
pub struct SignedIn {
    pub tokens: TokenPair,
    pub user: UserRow,
}

/// The address as it is kept: its domain in lower case.
pub fn canonical_email(email: &str) -> String {
    email.rsplit_once('@').map_or_else(
        || email.to_owned(),
        |(local, domain)| format!("{local}@{}", domain.to_lowercase()),
    )
}

/// What makes an address unique: letter case does not.
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Whether an account has the address.
pub async fn email_is_taken(on: &impl ConnectionTrait, email: &str) -> Result<bool, DbErr> {
    Ok(user_pii::Entity::find()
        .filter(user_pii::Column::EmailKey.eq(email_key(email)))
        .count(on)
        .await?
        > 0)
}

/// The account with the address.
pub async fn find_by_email(on: &impl ConnectionTrait, email: &str) -> Result<Option<users::Model>, DbErr> {
    let with_address = Query::select()
        .column("user_id")
        .from("user_pii")
        .and_where(Expr::col("email_key").eq(email_key(email)))
        .take();
    users::Entity::find()
        .filter(users::Column::Id.in_subquery(with_address))
        .one(on)
        .await
}

/// Why a handle cannot be had, if so.
pub async fn handle_problem(on: &impl ConnectionTrait, sent: &str) -> Result<Option<AccountError>, DbErr> {
    let taken = async |handle: &str| -> Result<bool, DbErr> {
        Ok(users::Entity::find()
            .filter(users::Column::Handle.eq(handle))
            .count(on)
            .await?
            > 0)
    };
    let normalised = handles::normalise(sent);
    Ok(if taken(sent).await? {
        Some(AccountError::HandleTaken)
    } else if normalised.is_empty() {
        Some(AccountError::HandleEmpty)
    } else if taken(&normalised).await? {
        Some(AccountError::NormalisedHandleTaken)
    } else {
        None
    })
}

/// Makes an account and signs it in.
pub async fn register(
    app: &App,
    registration: &Registration,
    client: &ClientInfo,
) -> Result<SignedIn, AccountError> {
    let password = app.passwords().hash(registration.password.clone()).await?;
    let made_from = handles::candidates(&registration.name, &registration.email);
    for attempt in 0..HANDLE_ATTEMPTS {
        let is_given = !registration.handle.is_empty();
        let handle = if is_given {
            handles::normalise(&registration.handle)
        } else {
            free_handle(app.db().reader(), &made_from, &registration.name, attempt).await?
        };
        let account = &NewAccount {
            handle: &handle,
            password: &password,
            registration,
        };
        let outcome = app
            .db()
            .write(|tx| async move {
                let id = insert(&tx, account).await?;
                let tokens = sessions::open(app, &tx, id, client).await?;
                let user = own(&tx, id).await?.ok_or(AccountError::NoSuchUser)?;
                Ok(SignedIn { tokens, user })
            })
            .await;
        match outcome {
            // Another registration was quicker; a handle of our own making can be made anew.
            Err(AccountError::HandleTaken) if !is_given => {}
            Err(AccountError::HandleTaken) if handle != registration.handle => {
                return Err(AccountError::NormalisedHandleTaken);
            }
            outcome => return outcome,
        }
    }
    Err(AccountError::NormalisedHandleTaken)
}

/// The first candidate that nobody has; after a lost race, and when all are taken, the name with a random suffix.
pub async fn free_handle(
    on: &impl ConnectionTrait,
    candidates: &[String],
    name: &str,
    attempt: usize,
) -> Result<String, DbErr> {
    if attempt == 0 {
        let rows = users::Entity::find()
            .filter(users::Column::Handle.is_in(candidates))
            .all(on)
            .await?;
        if let Some(free) = candidates
            .iter()
            .find(|candidate| rows.iter().all(|row| row.handle != **candidate))
        {
            return Ok(free.clone());
        }
    }
    Ok(handles::with_suffix(name))
}

/// What a new row is made of.
pub struct NewAccount<'a> {
    pub handle: &'a str,
    /// The stored form.
    pub password: &'a str,
    pub registration: &'a Registration,
}

/// Inserts an account with everything that belongs to it.
pub async fn insert(tx: &Tx, account: &NewAccount<'_>) -> Result<UserId, AccountError> {
    let id = UserId(tx.next_id());
    let NewAccount {
        handle,
        password,
        registration,
    } = account;
    let row = users::ActiveModel {
        id: Set(id),
        handle: Set((*handle).to_owned()),
        name: Set(registration.name.clone()),
        flags: Set(json!({})),
        password: Set((*password).to_owned()),
        search_text: Set(search_text(handle, &registration.name)),
        created_at: Set(tx.now()),
        updated_at: Set(tx.now()),
        ..Default::default()
    };
    users::Entity::insert(row)
        .exec_without_returning(tx)
        .await
        .map_err(taken)?;
    let personal = user_pii::ActiveModel {
        user_id: Set(id),
        email: Set(canonical_email(&registration.email)),
        email_key: Set(email_key(&registration.email)),
        email_verified_at: Set(registration.email_is_verified.then(|| tx.now())),
        ..Default::default()
    };
    user_pii::Entity::insert(personal)
        .exec_without_returning(tx)
        .await
        .map_err(taken)?;
    let settings = user_settings::ActiveModel {
        user_id: Set(id),
        quiet_hours: Set(json!({})),
        ..Default::default()
    };
    user_settings::Entity::insert(settings)
        .exec_without_returning(tx)
        .await?;
    tx.append(&UserRegistered { user_id: id }).await?;
    Ok(id)
}

/// What a unique index refused.
pub fn taken(error: DbErr) -> AccountError {
    if violates_unique(&error, "user_pii", "email_key") {
        AccountError::EmailTaken
    } else if violates_unique(&error, "users", "handle") {
        AccountError::HandleTaken
    } else {
        error.into()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(canonical_email("Ann.Bee@EXAMPLE.Com"), "Ann.Bee@example.com");
        assert_eq!(email_key(" Ann.Bee@EXAMPLE.Com "), "ann.bee@example.com");
    }
}
