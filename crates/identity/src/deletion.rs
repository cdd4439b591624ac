//! The end of an account: nobody can use it from the request on; a job removes everything that leads to the person.
//!
//! Ledgers and the audit trail keep the number of the account, which leads nowhere afterwards.

use platform::{
    App,
    db::{Engine, Tx},
    http::Viewer,
    id::UserId,
    jobs::Job,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, DbErr, EntityTrait as _, QueryFilter as _,
    Statement,
};
use serde::{Deserialize, Serialize};

use crate::{
    entities::{avatars, users},
    errors::AccountError,
    events::{DeletionRequested, UserChanged, UserDeleted},
    follows, passwords,
    sessions::{self, ClientInfo, Ending},
};

/// How one proves to mean it.
#[derive(Clone, Default)]
pub struct Confirmation {
    /// The password of the account.
    pub password: Option<String>,
    /// Its handle, for accounts that have no password.
    pub handle: Option<String>,
}

/// Takes an account out of use for good and has it deleted.
pub async fn request(
    app: &App,
    viewer: &Viewer,
    confirmation: &Confirmation,
    client: &ClientInfo,
) -> Result<(), AccountError> {
    let user = viewer.id;
    let password = confirmation.password.as_deref();
    let confirmed = passwords::confirm(app, viewer, ("password", password), client).await?;
    if confirmed.is_none() {
        let account = users::Entity::find_by_id(user)
            .one(app.db().reader())
            .await?
            .ok_or(AccountError::NoSuchUser)?;
        if confirmation.handle.as_ref() != Some(&account.handle) {
            return Err(AccountError::HandleNotConfirmed);
        }
    }
    app.db()
        .write(|tx| async move {
            let row = users::ActiveModel {
                id: Set(user),
                is_active: Set(false),
                deletion_requested_at: Set(Some(tx.now())),
                ..Default::default()
            };
            users::Entity::update(row).exec(&tx).await?;
            sessions::end(&tx, user, Ending::All).await?;
            tx.append(&UserChanged { user_id: user }).await?;
            tx.append(&DeletionRequested { user_id: user }).await?;
            Ok(())
        })
        .await
}

/// Deletes an account whose deletion was requested.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeleteAccount {
    pub user_id: UserId,
}

impl Job for DeleteAccount {
    const NAME: &'static str = "identity.delete_account";
    // Nobody would notice that it was given up.
    const MAX_ATTEMPTS: u32 = 100;

    async fn run(self, app: App) -> anyhow::Result<()> {
        let user = self.user_id;
        let account = users::Entity::find_by_id(user).one(app.db().reader()).await?;
        if account.is_none_or(|account| account.deletion_requested_at.is_none()) {
            return Ok(());
        }
        remove(&app, user).await
    }
}

/// Removes an account with everything that belongs to it in any domain: those that depend on others first; this one, with the
/// row that all refer to, is the last.
pub async fn remove(app: &App, user: UserId) -> anyhow::Result<()> {
    let domains = app.personal_data();
    // Files first: once the rows are gone nothing would know of them.
    for (_, data) in domains.iter().rev() {
        (data.remove_files)(app.clone(), user).await?;
    }
    app.db()
        .write(|tx| async move {
            for (_, data) in domains.iter().rev() {
                (data.erase)(&tx, user).await?;
            }
            tx.append(&UserDeleted { user_id: user }).await
        })
        .await?;
    Ok(())
}

/// Takes hold of an account's row until the end of the transaction: meanwhile nobody else does, and nothing that belongs to the
/// account is added.
pub async fn hold(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    // SQLite has one writer at a time anyway.
    if Engine::of(tx) == Engine::Postgres {
        let text = "SELECT id FROM users WHERE id = $1 FOR UPDATE";
        tx.query_one_raw(Statement::from_sql_and_values(
            tx.get_database_backend(),
            text,
            [user.0.into()],
        ))
        .await?;
    }
    Ok(())
}

/// Removes the account's row and with it every row that belongs to it; the counters of others are put right. Refuses while
/// files are left: one was being stored when the files were removed, and its row is all that leads to it.
pub async fn erase(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    hold(tx, user).await?;
    let left = avatars::Entity::find()
        .filter(avatars::Column::UserId.eq(user))
        .one(tx)
        .await?;
    if left.is_some() {
        return Err(DbErr::Custom(
            "an avatar of the account is being stored".to_owned(),
        ));
    }
    follows::remove_all(tx, user).await?;
    users::Entity::delete_by_id(user).exec(tx).await?;
    Ok(())
}
