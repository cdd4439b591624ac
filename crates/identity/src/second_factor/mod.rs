//! The second factor of an account: an authenticator app, passkeys, and recovery codes for when both are lost.

pub mod challenges;
mod error;
pub mod passkeys;
pub mod recovery;
mod relying_party;
pub mod totp;

use platform::{App, db::Tx, id::UserId};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _, Statement,
};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::{error::FactorError, relying_party::RelyingParty};
use crate::{
    entities::{authenticators, passkeys as passkey_table, users},
    errors::AccountError,
    events::{FactorChange, SecondFactorChanged},
    sessions::{self, Ending},
    settings::SecondFactorSettings,
};

/// A second factor that a sign-in may ask for. Recovery codes stand in for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SecondFactorMethod)]
pub enum Method {
    /// A code of an authenticator app.
    Totp,
    /// A passkey.
    Passkey,
}

impl Method {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Method::Totp => "totp",
            Method::Passkey => "passkey",
        }
    }
}

/// Why a code was not taken. It is an outcome and not an error of the transaction: that it was counted must be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is wrong, or was used before.
    Wrong,
    /// It was not looked at: too many were wrong. More are taken after so many seconds.
    TooMany(u64),
}

impl Refusal {
    /// The error in the name of the field that the code was sent in.
    pub fn of(self, field: &'static str) -> FactorError {
        match self {
            Refusal::Wrong => FactorError::WrongCode(field),
            Refusal::TooMany(seconds) => FactorError::TooManyCodes(seconds),
        }
    }
}

/// What became of a code; a right one is used up.
pub type Verdict = Result<(), Refusal>;

/// Whether staff needs a second factor on this instance.
pub fn is_required_of_staff(app: &App) -> bool {
    app.settings::<SecondFactorSettings>()
        .is_some_and(|settings| settings.required_of_staff)
}

/// What an account has on; nothing: it signs in without a second factor.
pub async fn methods(on: &impl ConnectionTrait, user: UserId) -> Result<Vec<Method>, DbErr> {
    let text = "SELECT \
         EXISTS (SELECT 1 FROM authenticators WHERE user_id = $1 AND confirmed_at IS NOT NULL), \
         EXISTS (SELECT 1 FROM passkeys WHERE user_id = $1)";
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [user.0.into()]);
    let Some(row) = on.query_one_raw(statement).await? else {
        return Ok(Vec::new());
    };
    let (totp, passkey): (bool, bool) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let methods = [(Method::Totp, totp), (Method::Passkey, passkey)];
    Ok(methods
        .into_iter()
        .filter_map(|(method, is_on)| is_on.then_some(method))
        .collect())
}

/// Takes a code of the authenticator app, or a recovery code.
pub async fn take_code(app: &App, tx: &Tx, user: UserId, code: &str) -> Result<Verdict, AccountError> {
    if !recovery::is_shaped_like_one(code) {
        return totp::take(app, tx, user, code).await;
    }
    if !recovery::take(tx, user, code).await? {
        return Ok(Err(Refusal::Wrong));
    }
    tell(tx, user, FactorChange::RecoveryCodeUsed).await?;
    Ok(Ok(()))
}

/// New recovery codes in place of the old ones, for a code.
pub async fn renew_recovery_codes(app: &App, user: UserId, code: &str) -> Result<Vec<String>, AccountError> {
    let outcome = app
        .db()
        .write(|tx| async move {
            lock(&tx, user).await?;
            if let Err(refusal) = take_code(app, &tx, user, code).await? {
                return Ok::<_, AccountError>(Err(refusal));
            }
            let codes = recovery::renew(&tx, user).await?;
            tell(&tx, user, FactorChange::RecoveryCodesMade).await?;
            Ok(Ok(codes))
        })
        .await?;
    Ok(outcome.map_err(|refusal| refusal.of("code"))?)
}

/// Holds the account until the end of the transaction, so that changes of its factors come one after the other.
pub async fn lock(tx: &Tx, user: UserId) -> Result<users::Model, AccountError> {
    let account = users::Entity::find_by_id(user).lock_exclusive().one(tx).await?;
    account.ok_or(AccountError::NoSuchUser)
}

/// Recovery codes belong to a factor: without any they are removed. Returns whether a factor is left.
pub async fn tidy(tx: &Tx, user: UserId) -> Result<bool, DbErr> {
    let is_left = !methods(tx, user).await?.is_empty();
    if !is_left {
        recovery::remove_all(tx, user).await?;
    }
    Ok(is_left)
}

/// Tells the rest of the program, for the owner to hear of it.
pub async fn tell(tx: &Tx, user_id: UserId, change: FactorChange) -> Result<(), DbErr> {
    tx.append(&SecondFactorChanged { user_id, change }).await
}

/// Removes authenticator app, passkeys and recovery codes of an account and ends its sessions. Returns whether there was
/// anything to remove.
pub async fn reset(tx: &Tx, user: UserId) -> Result<bool, AccountError> {
    lock(tx, user).await?;
    let app = authenticators::Entity::delete_many()
        .filter(authenticators::Column::UserId.eq(user))
        .exec(tx)
        .await?;
    let keys = passkey_table::Entity::delete_many()
        .filter(passkey_table::Column::UserId.eq(user))
        .exec(tx)
        .await?;
    recovery::remove_all(tx, user).await?;
    sessions::end(tx, user, Ending::All).await?;
    tell(tx, user, FactorChange::Reset).await?;
    Ok(app.rows_affected + keys.rows_affected > 0)
}
