//! Smaller copies of pictures, for screens that need no more.

use platform::{
    App,
    jobs::Job,
    pictures::{self, Picture},
    storage::StorageError,
};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::entities::files::{self, FileKind, FileStatus, Model, Rendition, Renditions};

/// Longest sides in pixels, the largest first, and what each is called.
const RENDITIONS: [(u32, &str); 2] = [(1080, "medium"), (320, "small")];
const SIDES: [u32; 2] = [RENDITIONS[0].0, RENDITIONS[1].0];

/// Whether there is anything to make of a file.
pub fn wanted(file: &Model) -> bool {
    let longest = file.width.max(file.height).unwrap_or_default();
    file.kind == FileKind::Image && SIDES.iter().any(|side| longest > i64::from(*side))
}

/// Makes the renditions of a file that has none yet.
#[derive(Debug, Serialize, Deserialize)]
pub struct MakeRenditions {
    pub file_id: i64,
}

impl Job for MakeRenditions {
    const NAME: &'static str = "media.make_renditions";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let found = files::Entity::find_by_id(self.file_id)
            .one(app.db().reader())
            .await?;
        let Some(file) = found.filter(|file| file.status == FileStatus::Processing) else {
            return Ok(());
        };
        let original = match app.storage().get(&file.key).await {
            Ok(original) => original,
            Err(StorageError::NotFound(_)) => {
                tracing::error!(file = file.id, "a picture is gone from the storage");
                return give_up(&app, &file).await;
            }
            Err(error) => return Err(error.into()),
        };
        let Some(copies) = pictures::smaller(original, &SIDES).await else {
            tracing::warn!(file = file.id, "no renditions can be made of a picture");
            return give_up(&app, &file).await;
        };
        let copies: Vec<(Rendition, Picture)> = copies
            .into_iter()
            .map(|copy| (rendition(&file.key, &copy), copy))
            .collect();
        let renditions = Renditions(copies.iter().map(|(rendition, _)| rendition.clone()).collect());
        // Listed before they are written, as every file.
        if !advance(&app, &file, FileStatus::Processing, Some(&renditions)).await? {
            return Ok(());
        }
        for (rendition, copy) in copies {
            app.storage()
                .put(&rendition.key, copy.bytes.into(), &rendition.mime)
                .await?;
        }
        if advance(&app, &file, FileStatus::Ready, None).await? {
            count("made");
        } else {
            // The file was removed meanwhile, perhaps before the last of them was written.
            for rendition in &renditions.0 {
                app.storage().delete(&rendition.key).await?;
            }
        }
        Ok(())
    }
}

async fn give_up(app: &App, file: &Model) -> anyhow::Result<()> {
    count("failed");
    advance(app, file, FileStatus::Failed, None).await?;
    Ok(())
}

fn count(outcome: &'static str) {
    metrics::counter!("selflink_media_renditions_total", "outcome" => outcome).increment(1);
}

/// The same key each time, so that a repeated attempt overwrites what an earlier one has written.
fn rendition(original: &str, copy: &Picture) -> Rendition {
    let stem = original.rsplit_once('.').map_or(original, |(stem, _)| stem);
    let longest = copy.width.max(copy.height);
    let name = RENDITIONS.iter().find(|(side, _)| *side == longest);
    Rendition {
        name: name.map_or("other", |(_, name)| name).to_owned(),
        key: format!("{stem}_{longest}.{}", pictures::extension_of(copy.format)),
        mime: copy.format.to_mime_type().to_owned(),
        width: copy.width.into(),
        height: copy.height.into(),
    }
}

/// Changes the row of a file that is still being processed; false if it is not any more.
async fn advance(
    app: &App,
    file: &Model,
    status: FileStatus,
    renditions: Option<&Renditions>,
) -> Result<bool, DbErr> {
    app.db()
        .write(|tx| async move {
            let mut change = files::ActiveModel {
                status: Set(status),
                ..Default::default()
            };
            if let Some(renditions) = renditions {
                change.renditions = Set(renditions.clone());
            }
            let changed = files::Entity::update_many()
                .set(change)
                .filter(files::Column::Id.eq(file.id))
                .filter(files::Column::Status.eq(FileStatus::Processing))
                .exec(&tx)
                .await?;
            Ok(changed.rows_affected > 0)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rendition_has_a_name() {
        for (width, height, name, key) in [
            (1080, 20, "medium", "a/b.c_1080.jpg"),
            (7, 320, "small", "a/b.c_320.jpg"),
        ] {
            let copy = Picture {
                bytes: Vec::new(),
                format: pictures::ImageFormat::Jpeg,
                width,
                height,
            };
            let made = rendition("a/b.c.png", &copy);
            assert_eq!((made.name.as_str(), made.key.as_str()), (name, key));
        }
    }
}
