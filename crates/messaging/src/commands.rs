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
        command: Command::new("repair-unread-counts")
            .about("Counts anew what unread counts are made of; writing messages waits meanwhile"),
        trace: Trace::Call,
        run: |app, _| async move { repair_unread_counts(&app).await }.boxed(),
    }]
}

async fn repair_unread_counts(app: &App) -> anyhow::Result<()> {
    let repaired = counters::repair(app).await?;
    println!(
        "Repaired the counts of {} threads and {} members.",
        repaired.threads, repaired.members
    );
    Ok(())
}
