//! The management commands of this domain.

use clap::Command;
use futures::FutureExt as _;
use platform::{
    App,
    domain::{ManagementCommand, Trace},
};

use crate::counts;

pub fn all() -> Vec<ManagementCommand> {
    vec![ManagementCommand {
        command: Command::new("repair-post-counts")
            .about("Counts likes, comments, reposts and everybody's posts anew; writing waits meanwhile"),
        trace: Trace::Call,
        run: |app, _| async move { repair_post_counts(&app).await }.boxed(),
    }]
}

async fn repair_post_counts(app: &App) -> anyhow::Result<()> {
    let repaired = counts::repair(app).await?;
    println!(
        "Repaired the counts of {} posts, {} comments and {} accounts.",
        repaired.posts, repaired.comments, repaired.accounts
    );
    Ok(())
}
