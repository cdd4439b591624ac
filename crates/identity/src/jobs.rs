//! Background work of this domain.

use platform::{
    App,
    jobs::{Enqueue, Job},
    outbox::Event,
};
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::{
    avatars,
    deletion::DeleteAccount,
    entities::sessions,
    events::{AvatarReplaced, DeletionRequested, ExportRequested},
    exports::CollectExport,
    one_time_tokens,
    second_factor::challenges,
};

/// Has the copy collected that somebody asked for.
pub async fn collect_export(app: App, event: Event) -> anyhow::Result<()> {
    let ExportRequested { user_id } = event.read()?;
    enqueue(&app, &event, &CollectExport { user_id }).await
}

/// Has an account deleted.
pub async fn delete_account(app: App, event: Event) -> anyhow::Result<()> {
    let DeletionRequested { user_id } = event.read()?;
    enqueue(&app, &event, &DeleteAccount { user_id }).await
}

/// Once per event, however often it is delivered.
async fn enqueue<J: Job>(app: &App, event: &Event, job: &J) -> anyhow::Result<()> {
    let options = Enqueue {
        key: Some(event.id.to_string()),
        ..Enqueue::default()
    };
    app.jobs().enqueue(job, options).await?;
    Ok(())
}

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

/// Removes files of avatars that nobody refers to any more.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeAvatars {}

impl Job for PurgeAvatars {
    const NAME: &'static str = "identity.purge_avatars";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let removed = avatars::purge(&app).await?;
        tracing::info!(files = removed, "unused avatars were removed");
        Ok(())
    }
}

/// Removes the file of an avatar that was replaced.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveAvatar {
    /// In the storage.
    key: String,
}

impl Job for RemoveAvatar {
    const NAME: &'static str = "identity.remove_avatar";

    async fn run(self, app: App) -> anyhow::Result<()> {
        avatars::remove_unused(&app, &self.key).await
    }
}

/// Hands the file of a replaced avatar to a job: the storage may take its time, or be away.
pub async fn remove_replaced_avatar(app: App, event: Event) -> anyhow::Result<()> {
    let AvatarReplaced { key } = event.read()?;
    let options = Enqueue {
        key: Some(event.id.to_string()),
        ..Enqueue::default()
    };
    app.jobs().enqueue(&RemoveAvatar { key }, options).await
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
