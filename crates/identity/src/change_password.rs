//! `selflink changepassword`

use anyhow::{Context as _, bail};
use clap::{Arg, ArgAction, ArgMatches, Command};
use platform::{
    App,
    audit::Action,
    config::Secret,
    db::Tx,
    http::{Rule as _, text},
    id::UserId,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
};
use serde_json::Map;

use crate::{
    accounts,
    entities::users,
    sessions::{self, Ending},
    terminal,
};

/// Shortest password, in characters: as at registration.
const SHORTEST: usize = 8;

pub fn command() -> Command {
    Command::new("changepassword")
        .about("Sets the password of an account and ends all its sessions")
        .long_about(
            "Sets the password of an account and ends all its sessions. The password is asked for twice and never taken \
             from the command line, where other users of the machine could see it. It goes into no log and not into the \
             audit trail, which only says that it was changed.",
        )
        .arg(
            Arg::new("account")
                .value_name("EMAIL|HANDLE|ID")
                .required(true)
                .help("The account"),
        )
        .arg(
            Arg::new("stdin")
                .long("stdin")
                .action(ArgAction::SetTrue)
                .help("Take the password from one line on stdin instead of asking for it"),
        )
}

/// The password as sign-in will compare it, if it is one that registration would accept.
pub fn check(password: &Secret) -> anyhow::Result<String> {
    text()
        .min(SHORTEST)
        .check(&password.expose().into())
        .map_err(|problems| anyhow::anyhow!("the password is refused: {}", problems.join(" ")))
}

pub async fn change(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    let name = arguments.get_one::<String>("account").context("the account")?;
    let account = find(app.db().reader(), name)
        .await?
        .context("there is no such account")?;
    let password = if arguments.get_flag("stdin") {
        Secret::new(terminal::read_line().await?)
    } else if terminal::is_there() {
        terminal::ask_password().await?
    } else {
        bail!("there is no terminal to ask on: give the password as a line on stdin, with --stdin")
    };
    let stored = &app.passwords().hash(check(&password)?).await?;
    let ended = app
        .db()
        .write(|tx| async move { set(&tx, account.id, stored).await })
        .await?
        .context("there is no such account any more")?;
    println!(
        "The password of {} was changed; sessions ended: {ended}",
        account.handle
    );
    Ok(())
}

/// By address, id or handle. A handle may be all digits: an id goes first.
async fn find(on: &impl ConnectionTrait, name: &str) -> Result<Option<users::Model>, DbErr> {
    if name.contains('@') {
        return accounts::find_by_email(on, name).await;
    }
    if let Ok(id) = name.parse()
        && let Some(account) = users::Entity::find_by_id(UserId(id)).one(on).await?
    {
        return Ok(Some(account));
    }
    users::Entity::find()
        .filter(users::Column::Handle.eq(name))
        .one(on)
        .await
}

/// Sets the stored form and returns how many sessions ended; `None` if the account is gone.
async fn set(tx: &Tx, account: UserId, stored: &str) -> Result<Option<usize>, DbErr> {
    let row = users::ActiveModel {
        password: Set(stored.to_owned()),
        ..Default::default()
    };
    let changed = users::Entity::update_many()
        .set(row)
        .filter(users::Column::Id.eq(account))
        .exec(tx)
        .await?;
    if changed.rows_affected == 0 {
        return Ok(None);
    }
    let ended = sessions::end(tx, account, Ending::All).await?;
    tx.append(
        &Action::new("identity.password_changed")
            .on("user", &account)
            .with(Map::from_iter([("sessions_ended".to_owned(), ended.into())])),
    )
    .await?;
    Ok(Some(ended))
}
