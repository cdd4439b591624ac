//! `selflink seed-demo`: what a fresh instance shows at a first look.

use clap::{Arg, ArgAction, ArgMatches, Command};
use identity::DemoAccount;
use platform::App;

pub fn command() -> Command {
    Command::new("seed-demo")
        .about("Makes demo accounts that follow one another, with posts and a conversation; may be repeated")
        .arg(
            Arg::new("reset")
                .long("reset")
                .action(ArgAction::SetTrue)
                .help("Remove the demo accounts first"),
        )
}

pub async fn run(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    let reset = arguments.get_flag("reset");
    if reset {
        println!("Removing existing demo data…");
    }
    seed(app, reset).await?;
    println!("Demo data seeded.");
    Ok(())
}

/// Makes what is not there yet; with `reset` the demo accounts are removed first, with everything of theirs.
pub async fn seed(app: &App, reset: bool) -> anyhow::Result<Vec<DemoAccount>> {
    let accounts = identity::seed_demo(app, reset).await?;
    social::seed_demo(app, &accounts).await?;
    messaging::seed_demo(app, &accounts).await?;
    Ok(accounts)
}
