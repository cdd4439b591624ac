//! The management commands of this domain.

use anyhow::bail;
use clap::{Arg, ArgMatches, Command, value_parser};
use futures::FutureExt as _;
use platform::{
    App,
    domain::{ManagementCommand, Trace},
    id::UserId,
};
use sea_orm::DbErr;

use crate::{rebuilds::rebuild_now, sql};

/// Accounts read at a time.
const BATCH: u32 = 500;

pub fn all() -> Vec<ManagementCommand> {
    let user = Arg::new("user")
        .long("user")
        .value_name("ID")
        .value_parser(value_parser!(i64))
        .help("The account whose timeline is meant; without it, everybody's");
    vec![ManagementCommand {
        command: Command::new("rebuild-timelines")
            .about("Builds timelines anew from the latest posts of the people followed last")
            .arg(user),
        trace: Trace::Call,
        run: |app, arguments| async move { rebuild_timelines(&app, &arguments).await }.boxed(),
    }]
}

async fn rebuild_timelines(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    if let Some(id) = arguments.get_one::<i64>("user") {
        if !rebuild_now(app, UserId(*id)).await? {
            bail!("there is no user {id}");
        }
        println!("Rebuilt the timeline of {id}.");
        return Ok(());
    }
    let (mut rebuilt, mut after) = (0_u64, 0);
    loop {
        let users = users_after(app, after).await?;
        let Some(last) = users.last() else { break };
        after = last.0;
        for user in users {
            // One that was deleted meanwhile needs none.
            rebuilt += u64::from(rebuild_now(app, user).await?);
        }
    }
    println!("Rebuilt {rebuilt} timelines.");
    Ok(())
}

async fn users_after(app: &App, id: i64) -> Result<Vec<UserId>, DbErr> {
    let text = format!("SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT {BATCH}");
    let rows = sql::all(app.db().reader(), text, [id.into()]).await?;
    rows.iter()
        .map(|row| row.try_get_by_index(0).map(UserId))
        .collect()
}
