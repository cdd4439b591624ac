//! Entries that are too old to be read any more are removed.

use platform::{
    App,
    jobs::{Enqueue, Job},
};
use serde::{Deserialize, Serialize};

use crate::{settings, sql};

/// Entries removed in one transaction.
const BATCH: u32 = 5000;

/// Starts the removal when its time has come; runs every hour, as schedules are fixed and the interval is a setting.
#[derive(Debug, Serialize, Deserialize)]
pub struct PruneWhenDue {}

impl Job for PruneWhenDue {
    const NAME: &'static str = "feed.prune_when_due";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let hours = app.clock().now().timestamp() / 3600;
        let interval = i64::from(settings::of(&app).prune_interval_hours.0);
        // Of all jobs with the key of an interval one runs.
        let options = Enqueue {
            key: Some(format!("{interval}h/{}", hours / interval)),
            ..Enqueue::default()
        };
        app.jobs().enqueue(&Prune {}, options).await
    }
}

/// Removes entries of posts that are older than `FEED_PRUNE_DAYS`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Prune {}

impl Job for Prune {
    const NAME: &'static str = "feed.prune";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let oldest = settings::of(&app).oldest(&app);
        let text = &format!(
            "DELETE FROM timeline WHERE (user_id, post_id) IN \
             (SELECT user_id, post_id FROM timeline WHERE created_at < $1 ORDER BY created_at LIMIT {BATCH})"
        );
        let mut removed = 0;
        loop {
            let batch = app
                .db()
                .write(|tx| async move { sql::run(&tx, text, [oldest.into()]).await })
                .await?;
            removed += batch;
            if batch == 0 {
                break;
            }
        }
        tracing::info!(entries = removed, "old entries of timelines were removed");
        Ok(())
    }
}
