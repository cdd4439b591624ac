//! Whose account an identity of a provider opens.

use platform::{App, auth::UNUSABLE, db::Tx, id::UserId};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _,
    IntoActiveModel as _, ModelTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, SqlErr,
};

use super::{Identity, Provider, SocialError};
use crate::{
    accounts::{self, NewAccount, Registration},
    entities::{social_accounts, users},
    errors::AccountError,
    handles,
    sessions::ClientInfo,
    sign_in::{self, SignInOutcome},
};

/// How often a request that met a concurrent one looks again.
const ATTEMPTS: usize = 20;

/// Signs in to the account of the identity, which is made if there is none. An account that merely has the same address
/// is not joined: its owner links the identity, signed in.
pub async fn sign_in(
    app: &App,
    identity: &Identity,
    client: &ClientInfo,
) -> Result<SignInOutcome, SocialError> {
    for attempt in 0..ATTEMPTS {
        let outcome = app
            .db()
            .write(|tx| async move {
                let user = match find(&tx, identity).await? {
                    Some(row) => renew(&tx, row, identity).await?.user_id,
                    None => create(&tx, identity, attempt).await?,
                };
                Ok(sign_in::admit(app, &tx, user, client).await?)
            })
            .await;
        match outcome {
            // Another request has taken the handle, or has just made the account of this identity.
            Err(
                SocialError::Rival
                | SocialError::Account(AccountError::HandleTaken | AccountError::EmailTaken),
            ) => {}
            outcome => return outcome,
        }
    }
    Err(SocialError::Rival)
}

/// Makes an account that nobody can sign in to with a password.
async fn create(tx: &Tx, identity: &Identity, attempt: usize) -> Result<UserId, SocialError> {
    let email = identity
        .email
        .clone()
        .ok_or(SocialError::NoEmail(identity.provider))?;
    if accounts::email_is_taken(tx, &email).await? {
        // By the account of this very identity, perhaps, which another request has made a moment ago.
        return Err(match find(tx, identity).await? {
            Some(_) => SocialError::Rival,
            None => SocialError::EmailTaken,
        });
    }
    let candidates = handles::candidates(&identity.name, &email);
    let handle = accounts::free_handle(tx, &candidates, &identity.name, attempt).await?;
    let registration = &Registration {
        email,
        name: identity.name.clone(),
        // Providers hand out none that they have not verified themselves.
        email_is_verified: true,
        ..Registration::default()
    };
    let account = NewAccount {
        handle: &handle,
        password: UNUSABLE,
        registration,
    };
    let user = accounts::insert(tx, &account).await?;
    insert(tx, user, identity).await?;
    Ok(user)
}

/// Lets the identity sign in to the account as well. Doing it again changes nothing.
pub async fn link(
    app: &App,
    user: UserId,
    identity: &Identity,
) -> Result<social_accounts::Model, SocialError> {
    for _ in 0..ATTEMPTS {
        let outcome = app
            .db()
            .write(|tx| async move {
                match find(&tx, identity).await? {
                    Some(row) if row.user_id == user => renew(&tx, row, identity).await,
                    Some(_) => Err(SocialError::LinkedElsewhere(identity.provider)),
                    None => match of_user(&tx, user, identity.provider).await? {
                        // Another request has linked this very identity a moment ago.
                        Some(row) if row.uid == identity.uid => Err(SocialError::Rival),
                        Some(_) => Err(SocialError::AnotherLinked(identity.provider)),
                        None => insert(&tx, user, identity).await,
                    },
                }
            })
            .await;
        match outcome {
            Err(SocialError::Rival) => {}
            outcome => return outcome,
        }
    }
    Err(SocialError::Rival)
}

/// Ends that the account's identity of this provider signs in to it, unless nothing else does.
pub async fn unlink(app: &App, user: UserId, provider: Provider) -> Result<(), SocialError> {
    app.db()
        .write(|tx| async move {
            // Two requests at once must not each take the way that the other one relies on.
            let account = users::Entity::find_by_id(user)
                .lock_exclusive()
                .one(&tx)
                .await?
                .ok_or(AccountError::NoSuchUser)?;
            let linked = links(&tx, user).await?;
            let row = linked
                .into_iter()
                .find(|row| row.provider == provider)
                .ok_or(SocialError::NotLinked)?;
            row.delete(&tx).await?;
            if !sign_in::has_way_in(&tx, &account).await? {
                return Err(SocialError::LastWay);
            }
            Ok(())
        })
        .await
}

/// The identities that sign in to the account.
pub async fn links(on: &impl ConnectionTrait, user: UserId) -> Result<Vec<social_accounts::Model>, DbErr> {
    social_accounts::Entity::find()
        .filter(social_accounts::Column::UserId.eq(user))
        .order_by_asc(social_accounts::Column::Provider)
        .all(on)
        .await
}

async fn find(tx: &Tx, identity: &Identity) -> Result<Option<social_accounts::Model>, DbErr> {
    social_accounts::Entity::find()
        .filter(social_accounts::Column::Provider.eq(identity.provider))
        .filter(social_accounts::Column::Uid.eq(&identity.uid))
        .one(tx)
        .await
}

async fn of_user(tx: &Tx, user: UserId, provider: Provider) -> Result<Option<social_accounts::Model>, DbErr> {
    social_accounts::Entity::find()
        .filter(social_accounts::Column::UserId.eq(user))
        .filter(social_accounts::Column::Provider.eq(provider))
        .one(tx)
        .await
}

async fn insert(tx: &Tx, user: UserId, identity: &Identity) -> Result<social_accounts::Model, SocialError> {
    let row = social_accounts::Model {
        id: tx.next_id(),
        user_id: user,
        provider: identity.provider,
        uid: identity.uid.clone(),
        login: identity.login.clone(),
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    social_accounts::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(tx)
        .await
        .map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => SocialError::Rival,
            _ => error.into(),
        })?;
    Ok(row)
}

/// Keeps the name that somebody has at the provider now.
async fn renew(
    tx: &Tx,
    row: social_accounts::Model,
    identity: &Identity,
) -> Result<social_accounts::Model, SocialError> {
    if row.login == identity.login {
        return Ok(row);
    }
    let mut changed = row.into_active_model();
    changed.login = Set(identity.login.clone());
    changed.updated_at = Set(tx.now());
    Ok(changed.update(tx).await?)
}
