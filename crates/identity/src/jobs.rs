//! Background work of this domain.

use platform::{App, jobs::Job};
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::{entities::sessions, one_time_tokens};

/// Removes sessions whose refresh token has ended, and one-time tokens that nobody has used.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeSessions {}

impl Job for PurgeSessions {
    const NAME: &'static str = "identity.purge_sessions";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let now = app.clock().now();
        let (sessions, tokens) = app
            .db()
            .write(|tx| async move {
                let purged = sessions::Entity::delete_many()
                    .filter(sessions::Column::ExpiresAt.lt(now))
                    .exec(&tx)
                    .await?;
                Ok::<_, DbErr>((purged.rows_affected, one_time_tokens::purge(&tx).await?))
            })
            .await?;
        tracing::info!(sessions, tokens, "ended sessions and expired tokens were removed");
        Ok(())
    }
}
