//! Background work of this domain, and what it begins with.

use platform::{
    App,
    jobs::{Enqueue, Job},
    outbox::Event,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::{
    entities::files::{self as rows, FileStatus},
    events::{FilesReleased, PictureStored, UploadDone},
    files, purge,
    renditions::MakeRenditions,
};

/// Once per `key`, however often an event is delivered.
async fn enqueue<J: Job>(app: &App, key: i64, job: &J) -> anyhow::Result<()> {
    let options = Enqueue {
        key: Some(key.to_string()),
        ..Enqueue::default()
    };
    app.jobs().enqueue(job, options).await
}

/// Has the renditions of a picture made.
pub async fn picture_stored(app: App, event: Event) -> anyhow::Result<()> {
    let PictureStored { file_id } = event.read()?;
    enqueue(&app, file_id, &MakeRenditions { file_id }).await
}

/// Has files removed that nothing refers to.
pub async fn files_released(app: App, event: Event) -> anyhow::Result<()> {
    let FilesReleased { file_ids } = event.read()?;
    enqueue(&app, event.id, &RemoveFiles { file_ids }).await
}

/// Has removed what was sent and is kept elsewhere by now, or refused.
pub async fn upload_done(app: App, event: Event) -> anyhow::Result<()> {
    let UploadDone { key } = event.read()?;
    enqueue(&app, event.id, &RemoveSent { key }).await
}

/// Removes released files with their renditions and rows; again changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveFiles {
    pub file_ids: Vec<i64>,
}

impl Job for RemoveFiles {
    const NAME: &'static str = "media.remove_files";

    async fn run(self, app: App) -> anyhow::Result<()> {
        for id in self.file_ids {
            let found = rows::Entity::find_by_id(id)
                .filter(rows::Column::Status.eq(FileStatus::Removing))
                .one(app.db().reader())
                .await?;
            if let Some(file) = found {
                files::remove(&app, &file).await?;
            }
        }
        Ok(())
    }
}

/// Removes what was sent to one place of the storage.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveSent {
    key: String,
}

impl Job for RemoveSent {
    const NAME: &'static str = "media.remove_sent";

    async fn run(self, app: App) -> anyhow::Result<()> {
        Ok(app.storage().delete(&self.key).await?)
    }
}

/// Removes files that nobody refers to, and uploads that came to nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct Purge {}

impl Job for Purge {
    const NAME: &'static str = "media.purge";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let purged = purge::purge(&app).await?;
        tracing::info!(
            files = purged.files,
            uploads = purged.uploads,
            pieces = purged.pieces,
            "files that nobody refers to were removed"
        );
        Ok(())
    }
}
