//! What nobody refers to goes: files that no post was made of, uploads that were never finished, pieces of files whose writers
//! were killed.

use chrono::Duration;
use platform::App;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::{
    entities::{
        assets::{self, AssetStatus},
        files::{self as rows, FileStatus, Model},
        uploads,
    },
    files,
};

/// How long nothing may refer to a file before it goes. Requests take minutes: one this old is not being stored at the moment.
const GRACE: Duration = Duration::days(1);
/// How long after its beginning an upload goes: what was begun within its hour to be sent has come by then.
const UPLOAD_GRACE: Duration = Duration::hours(2);
/// Rows that are looked through at a time.
const BATCH: u64 = 500;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Files that nothing referred to.
    pub files: u64,
    /// Uploads, finished or not.
    pub uploads: u64,
    /// Pieces of files in the local folder.
    pub pieces: u64,
}

/// Removes everything that has been of no use for long enough.
pub async fn purge(app: &App) -> anyhow::Result<Purged> {
    Ok(Purged {
        files: purge_files(app).await?,
        uploads: purge_uploads(app).await?,
        pieces: app.storage().sweep(GRACE.to_std()?).await?,
    })
}

async fn purge_files(app: &App) -> anyhow::Result<u64> {
    let cutoff = app.clock().now() - GRACE;
    let mut removed = 0;
    loop {
        let loose = rows::Entity::find()
            .filter(rows::Column::LooseSince.lt(cutoff))
            .order_by_asc(rows::Column::LooseSince)
            .order_by_asc(rows::Column::Id)
            .limit(BATCH)
            .all(app.db().reader())
            .await?;
        let mut gone = 0;
        for file in &loose {
            if claim(app, file).await? {
                files::remove(app, file).await?;
                gone += 1;
            }
        }
        removed += gone;
        if gone == 0 {
            return Ok(removed);
        }
    }
}

/// Takes a file that nothing refers to, so that nothing can refer to it from now on.
async fn claim(app: &App, file: &Model) -> Result<bool, DbErr> {
    app.db()
        .write(|tx| async move {
            let change = rows::ActiveModel {
                status: Set(FileStatus::Removing),
                ..Default::default()
            };
            let claimed = rows::Entity::update_many()
                .set(change)
                .filter(rows::Column::Id.eq(file.id))
                .filter(rows::Column::LooseSince.eq(file.loose_since))
                .exec(&tx)
                .await?;
            Ok(claimed.rows_affected > 0)
        })
        .await
}

async fn purge_uploads(app: &App) -> anyhow::Result<u64> {
    let cutoff = app.clock().now() - UPLOAD_GRACE;
    let mut removed = 0;
    loop {
        let old = uploads::Entity::find()
            .filter(uploads::Column::CreatedAt.lt(cutoff))
            .order_by_asc(uploads::Column::CreatedAt)
            .limit(BATCH)
            .all(app.db().reader())
            .await?;
        if old.is_empty() {
            return Ok(removed);
        }
        for upload in old {
            app.storage().delete(&upload.key).await?;
            app.db()
                .write(|tx| async move {
                    uploads::Entity::delete_by_id(upload.id).exec(&tx).await?;
                    // The record of an upload that never came says nothing.
                    assets::Entity::delete_many()
                        .filter(assets::Column::Id.eq(upload.id))
                        .filter(assets::Column::Status.is_in([AssetStatus::Pending, AssetStatus::Processing]))
                        .filter(assets::Column::FileId.is_null())
                        .exec(&tx)
                        .await
                })
                .await?;
            removed += 1;
        }
    }
}
