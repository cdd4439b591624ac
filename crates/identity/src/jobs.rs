//! Background work of this domain.

use platform::{App, jobs::Job};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::{entities::sessions, second_factor::challenges};

/// Removes sessions whose refresh token has ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeSessions {}

impl Job for PurgeSessions {
    const NAME: &'static str = "identity.purge_sessions";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let now = app.clock().now();
        let purged = app
            .db()
            .write(|tx| async move {
                sessions::Entity::delete_many()
                    .filter(sessions::Column::ExpiresAt.lt(now))
                    .exec(&tx)
                    .await
            })
            .await?;
        tracing::info!(sessions = purged.rows_affected, "ended sessions were removed");
        Ok(())
    }
}

/// Removes challenges that nobody has answered in time.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeChallenges {}

impl Job for PurgeChallenges {
    const NAME: &'static str = "identity.purge_challenges";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let purged = app
            .db()
            .write(|tx| async move { challenges::purge(&tx).await })
            .await?;
        tracing::info!(challenges = purged, "unanswered challenges were removed");
        Ok(())
    }
}
