//! The management commands of this domain.

use clap::{Arg, ArgAction, ArgMatches, Command};
use futures::FutureExt as _;
use platform::{
    App,
    domain::{ManagementCommand, Trace},
};

use crate::{
    engine::What,
    rebuild::{self, Progress},
};

pub fn all() -> Vec<ManagementCommand> {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    vec![ManagementCommand {
        command: Command::new("reindex-search")
            .about("Makes the indexes of the search anew; goes on where it was broken off")
            .arg(flag("users", "Accounts alone"))
            .arg(flag("posts", "Posts alone"))
            .arg(flag("from-start", "From the first on, even if it was broken off")),
        trace: Trace::Call,
        run: |app, arguments| async move { reindex(&app, &arguments).await }.boxed(),
    }]
}

async fn reindex(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    let asked: Vec<What> = [What::Users, What::Posts]
        .into_iter()
        .filter(|what| arguments.get_flag(what.word()))
        .collect();
    let all = if asked.is_empty() {
        vec![What::Users, What::Posts]
    } else {
        asked
    };
    for what in all {
        let word = what.word();
        let mut progress = Progress::default();
        if !arguments.get_flag("from-start")
            && let Some(before) = rebuild::broken_off(app, what).await?
        {
            println!("Going on behind {} {word}.", before.refreshed);
            progress = before;
        }
        let refreshed = rebuild::run(app, what, progress, |progress| {
            eprintln!("{} {word} …", progress.refreshed);
        })
        .await?;
        println!("Indexed {refreshed} {word}.");
    }
    Ok(())
}
