//! Demo accounts, for a first look at a fresh instance.

use anyhow::Context as _;
use platform::{App, db::Tx, id::UserId};
use sea_orm::{ActiveValue::Set, EntityTrait as _};

use crate::{
    accounts::{self, NewAccount, Registration},
    deletion,
    entities::users,
    errors::AccountError,
    follows,
};

/// Handle and name of each; the address is `demo-<handle>@example.com`.
const PEOPLE: [(&str, &str); 3] = [
    ("mentor", "Demo Mentor"),
    ("seeker", "Demo Seeker"),
    ("builder", "Demo Builder"),
];
/// Their password.
const PASSWORD: &str = "changeme123";

/// An account to sign in with.
pub struct DemoAccount {
    pub id: UserId,
    pub email: String,
    pub password: &'static str,
}

/// Makes the demo accounts, each following the others; what exists already stays, but for a changed password, which is
/// restored. With `reset` they are removed first, with everything of theirs.
pub async fn seed(app: &App, reset: bool) -> anyhow::Result<Vec<DemoAccount>> {
    let password = &app.passwords().hash(PASSWORD.to_owned()).await?;
    if reset {
        remove(app).await?;
    }
    let ids = app
        .db()
        .write(|tx| async move {
            let mut ids = Vec::new();
            for (handle, name) in PEOPLE {
                ids.push(ensure(app, &tx, handle, name, password).await?);
            }
            for follower in &ids {
                for followee in ids.iter().filter(|followee| *followee != follower) {
                    follows::set(&tx, *follower, *followee, true).await?;
                }
            }
            Ok::<_, AccountError>(ids)
        })
        .await
        .context("could not seed the demo accounts")?;
    let accounts = ids.into_iter().zip(PEOPLE);
    Ok(accounts
        .map(|(id, (handle, _))| DemoAccount {
            id,
            email: email_of(handle),
            password: PASSWORD,
        })
        .collect())
}

fn email_of(handle: &str) -> String {
    format!("demo-{handle}@example.com")
}

/// As if they had asked for their deletion.
async fn remove(app: &App) -> anyhow::Result<()> {
    for (handle, _) in PEOPLE {
        let email = email_of(handle);
        if let Some(account) = accounts::find_by_email(app.db().reader(), &email).await? {
            deletion::remove(app, account.id).await?;
        }
    }
    Ok(())
}

async fn ensure(
    app: &App,
    tx: &Tx,
    handle: &str,
    name: &str,
    password: &str,
) -> Result<UserId, AccountError> {
    let email = email_of(handle);
    let Some(account) = accounts::find_by_email(tx, &email).await? else {
        let registration = Registration {
            email,
            name: name.to_owned(),
            email_is_verified: true,
            ..Registration::default()
        };
        let handle = accounts::free_handle(tx, &[handle.to_owned()], handle, 0).await?;
        return accounts::insert(
            tx,
            &NewAccount {
                handle: &handle,
                password,
                registration: &registration,
            },
        )
        .await;
    };
    if !app
        .passwords()
        .verify(PASSWORD.to_owned(), Some(account.password.clone()))
        .await?
    {
        let row = users::ActiveModel {
            id: Set(account.id),
            password: Set(password.to_owned()),
            ..Default::default()
        };
        users::Entity::update(row).exec(tx).await?;
    }
    Ok(account.id)
}
