//! `selflink jobs`: the dead letters of the job queue.

use anyhow::bail;
use clap::{Arg, ArgMatches, Command};
use platform::App;

/// Dead letters shown at most.
const SHOWN: u32 = 100;

pub fn command() -> Command {
    Command::new("jobs")
        .about("Shows how many jobs wait, run and are dead, and the dead ones")
        .arg(
            Arg::new("retry")
                .long("retry")
                .value_name("ID")
                .help("Put a dead job back into the queue"),
        )
}

pub async fn run(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    if let Some(id) = arguments.get_one::<String>("retry") {
        if !app.jobs().retry_dead(id).await? {
            bail!("there is no dead job {id}");
        }
        println!("Job {id} will run again.");
        return Ok(());
    }
    let counts = app.jobs().counts().await?;
    println!(
        "pending {}, running {}, dead {}, done {}",
        counts.pending, counts.running, counts.dead, counts.done
    );
    for job in app.jobs().dead(SHOWN).await? {
        println!(
            "{}  {}  {} attempts, {}: {}",
            job.id,
            job.name,
            job.attempts,
            job.died_at.to_rfc3339(),
            job.error
        );
    }
    Ok(())
}
