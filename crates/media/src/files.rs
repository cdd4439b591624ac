//! Stored files. Whoever refers to some says so with [`attach`], in the transaction that does, and with [`release`] when it
//! does no longer; what nobody refers to is removed after a day.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use platform::{
    App,
    clock::random_hex,
    db::{Engine, Tx, list_of},
    http::Content,
    id::UserId,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult as _,
    QueryFilter as _, SqlErr, Statement,
};

use crate::{
    entities::files::{self, FileStatus, Model, Renditions},
    error::MediaError,
    events::{FilesReleased, PictureStored},
    examine::NewFile,
    renditions,
};

pub use crate::entities::files::{FileKind, Rendition};

/// How long the writing of one file may take.
pub const STORE_TIMEOUT: Duration = Duration::from_mins(5);

const COLUMNS: &str = "id, owner_id, key, kind, mime, size, width, height, duration, checksum, renditions, status, \
                       loose_since, created_at";

/// A file in the storage.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFile {
    /// By which others refer to it.
    pub id: i64,
    /// In the storage.
    pub key: String,
    /// What it is.
    pub kind: FileKind,
    /// Its type, by its content.
    pub mime: String,
    /// In bytes.
    pub size: i64,
    /// In pixels; unknown for some videos.
    pub width: Option<i64>,
    /// In pixels; unknown for some videos.
    pub height: Option<i64>,
    /// Of a video, in seconds, if it says so.
    pub duration: Option<f64>,
    /// SHA-256 in hexadecimal digits.
    pub checksum: String,
    /// The smallest rendition, in the storage; none of videos and of pictures that are small themselves.
    pub thumbnail_key: Option<String>,
    /// Smaller copies, the largest first, once they are made.
    pub renditions: Vec<Rendition>,
    /// Whether all of `renditions` are there that ever will be.
    pub is_processed: bool,
}

impl From<Model> for StoredFile {
    fn from(row: Model) -> Self {
        // Before, they are listed so that they can be removed, but may not be there.
        let renditions = match row.status {
            FileStatus::Ready => row.renditions.0,
            _ => Vec::new(),
        };
        Self {
            id: row.id,
            key: row.key,
            kind: row.kind,
            mime: row.mime,
            size: row.size,
            width: row.width,
            height: row.height,
            duration: row.duration,
            checksum: row.checksum,
            thumbnail_key: renditions.last().map(|smallest| smallest.key.clone()),
            renditions,
            is_processed: matches!(row.status, FileStatus::Ready | FileStatus::Failed),
        }
    }
}

/// Stores a file of `owner` in `folder`, which ends in a slash, under a name that nobody can guess. The file is listed before
/// it is written: a crash in between leaves a row without a file, never a file without a row. Unless it is [attached](attach),
/// it is removed after a day.
pub async fn store(app: &App, owner: UserId, folder: &str, file: NewFile) -> Result<StoredFile, MediaError> {
    let kind = file.kind;
    let outcome = stored(app, owner, folder, file).await;
    let label = if outcome.is_ok() { "stored" } else { "failed" };
    count(kind, label);
    outcome
}

/// Counts an upload in the metrics.
pub fn count(kind: FileKind, outcome: &'static str) {
    let kind = match kind {
        FileKind::Image => "image",
        FileKind::Video => "video",
    };
    metrics::counter!("selflink_media_uploads_total", "kind" => kind, "outcome" => outcome).increment(1);
}

async fn stored(app: &App, owner: UserId, folder: &str, file: NewFile) -> Result<StoredFile, MediaError> {
    let mut row = list(app, owner, folder, &file).await?;
    let written = async {
        match file.content {
            Content::Memory(bytes) => app.storage().put(&row.key, bytes, &row.mime).await,
            Content::Disk(file) => app.storage().put_file(&row.key, file, &row.mime).await.map(drop),
        }
    };
    match tokio::time::timeout(STORE_TIMEOUT, written).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(MediaError::Storage(error.into())),
        Err(_) => return Err(MediaError::Storage(anyhow::anyhow!("a file took too long"))),
    }
    row.status = if renditions::wanted(&row) {
        FileStatus::Processing
    } else {
        FileStatus::Ready
    };
    if finish(app, &row).await? {
        return Ok(row.into());
    }
    // The account was deleted meanwhile, with the row: nobody else would ever remove the file.
    app.storage().delete(&row.key).await?;
    Err(MediaError::NoSuchOwner)
}

async fn list(app: &App, owner: UserId, folder: &str, file: &NewFile) -> Result<Model, MediaError> {
    let key = format!("{folder}{}.{}", random_hex::<16>(), file.extension);
    let key = &key;
    app.db()
        .write(|tx| async move {
            let row = Model {
                id: tx.next_id(),
                owner_id: owner,
                key: key.clone(),
                kind: file.kind,
                mime: file.mime.to_owned(),
                size: i64::try_from(file.size).unwrap_or(i64::MAX),
                width: file.width.map(i64::from),
                height: file.height.map(i64::from),
                duration: file.duration,
                checksum: file.checksum.clone(),
                renditions: Renditions::default(),
                status: FileStatus::Storing,
                loose_since: Some(tx.now()),
                created_at: tx.now(),
            };
            let written = files::Entity::insert(files::ActiveModel::from(row.clone()))
                .exec_without_returning(&tx)
                .await;
            match written {
                Ok(_) => Ok(row),
                Err(error) if is_orphan(&error) => Err(MediaError::NoSuchOwner),
                Err(error) => Err(error.into()),
            }
        })
        .await
}

/// Whether a row was refused because the row that it belongs to is gone.
pub fn is_orphan(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)))
}

/// Notes that a file is there; false if its row is gone.
async fn finish(app: &App, row: &Model) -> Result<bool, DbErr> {
    app.db()
        .write(|tx| async move {
            let noted = files::Entity::update_many()
                .set(files::ActiveModel {
                    status: Set(row.status),
                    ..Default::default()
                })
                .filter(files::Column::Id.eq(row.id))
                .filter(files::Column::Status.eq(FileStatus::Storing))
                .exec(&tx)
                .await?;
            if noted.rows_affected > 0 && row.status == FileStatus::Processing {
                tx.append(&PictureStored { file_id: row.id }).await?;
            }
            Ok(noted.rows_affected > 0)
        })
        .await
}

/// Says that something refers to these files of `owner` from now on; each may be referred to once. An error if one of them is
/// not there (any more), somebody else's, or taken.
pub async fn attach(tx: &Tx, owner: UserId, ids: &[i64]) -> Result<(), DbErr> {
    let ids: BTreeSet<i64> = ids.iter().copied().collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(());
    }
    let text = format!(
        "UPDATE media_files SET loose_since = NULL WHERE owner_id = $1 AND id IN {} AND loose_since IS NOT NULL \
         AND status IN ('processing', 'ready', 'failed')",
        Engine::of(tx).list("$2")
    );
    let values = [owner.0.into(), list_of(&ids)];
    let attached = tx
        .execute_raw(Statement::from_sql_and_values(
            tx.get_database_backend(),
            text,
            values,
        ))
        .await?;
    if attached.rows_affected() != ids.len() as u64 {
        return Err(DbErr::RecordNotUpdated);
    }
    Ok(())
}

/// Says that nothing refers to these files any more: they are removed soon after the transaction.
pub async fn release(tx: &Tx, ids: &[i64]) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let text = format!(
        "UPDATE media_files SET loose_since = $1, status = 'removing' WHERE id IN {}",
        Engine::of(tx).list("$2")
    );
    let values = [tx.now().into(), list_of(ids)];
    tx.execute_raw(Statement::from_sql_and_values(
        tx.get_database_backend(),
        text,
        values,
    ))
    .await?;
    tx.append(&FilesReleased {
        file_ids: ids.to_vec(),
    })
    .await
}

/// Those of these files that are there, by their ids, in one query.
pub async fn files(on: &impl ConnectionTrait, ids: &[i64]) -> Result<HashMap<i64, StoredFile>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!(
        "SELECT {COLUMNS} FROM media_files WHERE id IN {} AND status IN ('processing', 'ready', 'failed')",
        Engine::of(on).list("$1")
    );
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [list_of(ids)]);
    let rows = on.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| {
            let row = Model::from_query_result(row, "")?;
            Ok((row.id, row.into()))
        })
        .collect()
}

/// Removes a file with its renditions, and its row when they are gone: a crash in between leaves a row, by which it is tried
/// again.
pub async fn remove(app: &App, row: &Model) -> anyhow::Result<()> {
    for rendition in &row.renditions.0 {
        app.storage().delete(&rendition.key).await?;
    }
    app.storage().delete(&row.key).await?;
    app.db()
        .write(|tx| async move { files::Entity::delete_by_id(row.id).exec(&tx).await })
        .await?;
    Ok(())
}
