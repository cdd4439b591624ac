//! Accounts: their making, and how they are found by address and handle.

use platform::{App, db::Tx, id::UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use serde_json::json;

use crate::{
    entities::{user_pii, user_settings, users},
    errors::{AccountError, taken},
    events::UserRegistered,
    handles,
    sessions::{self, ClientInfo, TokenPair},
    users::{UserRow, own, search_text},
};

/// How often a handle is made anew when another account was quicker.
const HANDLE_ATTEMPTS: usize = 20;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(canonical_email("Ann.Bee@EXAMPLE.Com"), "Ann.Bee@example.com");
        assert_eq!(email_key(" Ann.Bee@EXAMPLE.Com "), "ann.bee@example.com");
    }
}
