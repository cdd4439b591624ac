//! Background work of this domain.

use platform::{
    App,
    jobs::{Enqueue, Job},
    outbox::Event,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::{avatars, entities::sessions, events::AvatarReplaced};

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
