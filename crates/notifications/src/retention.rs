//! What is kept for how long.

use anyhow::Context as _;
use platform::{App, db::list_of, jobs::Job};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use crate::{
    settings::NotificationSettings,
    statements::{execute, list, rows},
};

/// Rows that are removed in one transaction.
const BATCH: u32 = 1000;

/// Removes notifications that were read long ago, and those that nobody sees. What is unread stays.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeNotifications {}

impl Job for PurgeNotifications {
    const NAME: &'static str = "notifications.purge";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let settings = app
            .settings::<NotificationSettings>()
            .context("the settings of notifications are not in the list of the domain")?;
        let oldest = app.clock().now() - chrono::Duration::days(i64::from(settings.retention_days));
        let mut purged = 0;
        loop {
            // None of them is counted as unread, nor ever will be.
            let removed = app
                .db()
                .write(|tx| async move {
                    let text = format!(
                        "SELECT id FROM notifications WHERE (is_read OR state <> 'shown') AND created_at < $1 \
                         AND COALESCE(read_at, created_at) < $1 ORDER BY created_at LIMIT {BATCH}"
                    );
                    let found = rows(&tx, text, vec![oldest.into()]).await?;
                    let ids: Vec<i64> = found
                        .iter()
                        .map(|row| row.try_get_by_index(0))
                        .collect::<Result<_, DbErr>>()?;
                    let text = format!(
                        "DELETE FROM notifications WHERE (is_read OR state <> 'shown') AND id IN {}",
                        list(&tx, "$1")
                    );
                    execute(&tx, text, vec![list_of(&ids)]).await
                })
                .await?;
            if removed == 0 {
                break;
            }
            purged += removed;
        }
        tracing::info!(
            notifications = purged,
            "notifications that were read long ago were removed"
        );
        Ok(())
    }
}
