//! The management commands of this domain.

use clap::Command;
use futures::FutureExt as _;
use platform::{
    App,
    domain::{ManagementCommand, Trace},
};

use crate::counters;

pub fn all() -> Vec<ManagementCommand> {
    vec![ManagementCommand {
        command: Command::new("repair-notification-counts")
            .about("Counts everybody's unread notifications anew; new ones wait meanwhile"),
        trace: Trace::Call,
        run: |app, _| async move { repair(&app).await }.boxed(),
    }]
}

async fn repair(app: &App) -> anyhow::Result<()> {
    let repaired = counters::repair(app).await?;
    println!("Repaired the counts of {repaired} accounts.");
    Ok(())
}
