//! Files that clients send to the storage by themselves, past this program where the storage can take them.
//!
//! Whatever is sent there is never served. When its sender says that it is there, it is examined as every upload is, and what
//! is stored of it goes to a place of its own, which its sender cannot write to.

use std::{collections::BTreeMap, io, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt as _};
use platform::{
    App,
    auth::{hash_token, new_token},
    clock::random_hex,
    db::Tx,
    http::{Content, Origin, Upload},
    id::UserId,
    storage::StorageError,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, DbErr, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
};
use serde_json::json;

use crate::{
    assets,
    entities::{
        assets::{self as records, AssetStatus},
        uploads::{self, Model, UploadState},
    },
    error::MediaError,
    events::UploadDone,
    examine::{self, NewFile},
    files::{self, StoredFile},
};

/// How long a file can be sent, and checked afterwards.
const LIFETIME: Duration = Duration::from_hours(1);
/// Most uploads of an account that are open at the same time.
const MOST_OPEN: i64 = 20;
/// Where files are sent to. Hidden: nobody has looked into them yet.
const INCOMING: &str = ".uploads/";
/// Where those go that are taken.
const FOLDER: &str = "uploads/";

/// A file that is going to be sent.
#[derive(Debug, Clone)]
pub struct NewUpload {
    pub file_name: String,
    /// One of the types that are taken.
    pub mime: String,
    /// In bytes.
    pub size: i64,
}

/// How a file is sent.
#[derive(Debug, Clone)]
pub struct OpenUpload {
    /// Also that of its asset.
    pub id: i64,
    pub method: String,
    /// Whoever knows it may send the file.
    pub url: String,
    /// To be sent with exactly these values.
    pub headers: BTreeMap<String, String>,
    pub expires_at: DateTime<Utc>,
}

/// Opens an upload and the asset that it becomes.
pub async fn open(
    app: &App,
    origin: &Origin,
    owner: UserId,
    new: &NewUpload,
) -> Result<OpenUpload, MediaError> {
    let key = &format!("{INCOMING}{}", random_hex::<16>());
    let presigned = app.storage().presign_upload(key, &new.mime, LIFETIME).await?;
    // A folder has nobody to send files to: they are sent to us.
    let token = &presigned.is_none().then(new_token);
    let row = app
        .db()
        .write(|tx| async move {
            // So that of two requests at once the second counts what the first has opened.
            identity::hold_account(&tx, owner).await?;
            if count_open(&tx, owner).await? >= MOST_OPEN {
                return Err(MediaError::TooManyUploads(MOST_OPEN));
            }
            let id = tx.next_id();
            let asset = records::Model {
                id,
                owner_id: owner,
                file_id: None,
                s3_key: key.clone(),
                mime: new.mime.clone(),
                width: None,
                height: None,
                duration: None,
                status: AssetStatus::Pending,
                checksum: String::new(),
                meta: json!({}),
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            assets::insert(&tx, asset).await?;
            let row = Model {
                id,
                owner_id: Some(owner),
                key: key.clone(),
                token_hash: token.as_deref().map(hash_token),
                file_name: new.file_name.clone(),
                mime: new.mime.clone(),
                size: new.size,
                state: UploadState::Open,
                expires_at: tx.now() + LIFETIME,
                created_at: tx.now(),
            };
            uploads::Entity::insert(uploads::ActiveModel::from(row.clone()))
                .exec_without_returning(&tx)
                .await?;
            Ok(row)
        })
        .await?;
    let (method, url, headers) = match presigned {
        Some(request) => (request.method, request.url, request.headers),
        None => {
            let path = format!("/api/v1/media/uploads/{}/", token.as_deref().unwrap_or_default());
            let headers = BTreeMap::from([("content-type".to_owned(), row.mime)]);
            ("PUT".to_owned(), origin.absolute(path), headers)
        }
    };
    Ok(OpenUpload {
        id: row.id,
        method,
        url,
        headers,
        expires_at: row.expires_at,
    })
}

async fn count_open(tx: &Tx, owner: UserId) -> Result<i64, DbErr> {
    let open = uploads::Entity::find()
        .filter(uploads::Column::OwnerId.eq(owner))
        .filter(uploads::Column::State.eq(UploadState::Open))
        .filter(uploads::Column::ExpiresAt.gt(tx.now()))
        .count(tx)
        .await?;
    Ok(i64::try_from(open).unwrap_or(i64::MAX))
}

/// Takes the file of an upload whose one-time token this is. The token ends with the first file that comes whole.
pub async fn receive(
    app: &App,
    token: &str,
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Result<(), MediaError> {
    let upload = uploads::Entity::find()
        .filter(uploads::Column::TokenHash.eq(hash_token(token)))
        .filter(uploads::Column::State.eq(UploadState::Open))
        .filter(uploads::Column::ExpiresAt.gt(app.clock().now()))
        .one(app.db().reader())
        .await?
        .ok_or(MediaError::NoSuchUpload)?;
    let declared = u64::try_from(upload.size).unwrap_or_default();
    let stored = app
        .storage()
        .put_stream(&upload.key, at_most(declared, pieces), &upload.mime)
        .await;
    let length = stored.map_err(|error| match error {
        StorageError::Source(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            MediaError::LargerThanDeclared(upload.size)
        }
        error => error.into(),
    })?;
    if length == declared && end_token(app, &upload).await? {
        return Ok(());
    }
    app.storage().delete(&upload.key).await?;
    Err(if length == declared {
        MediaError::NoSuchUpload
    } else {
        MediaError::CutShort
    })
}

/// Fails as soon as there is more.
fn at_most(
    most: u64,
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let mut length = 0;
    pieces.map(move |piece| {
        let piece = piece?;
        length += piece.len() as u64;
        if length > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(piece)
    })
}

/// False if the upload was finished, or its account deleted, while the file came.
async fn end_token(app: &App, upload: &Model) -> Result<bool, DbErr> {
    app.db()
        .write(|tx| async move {
            let ended = uploads::Entity::update_many()
                .set(uploads::ActiveModel {
                    token_hash: Set(None),
                    ..Default::default()
                })
                .filter(uploads::Column::Id.eq(upload.id))
                .filter(uploads::Column::State.eq(UploadState::Open))
                .exec(&tx)
                .await?;
            Ok(ended.rows_affected > 0)
        })
        .await
}

/// Looks into what was sent and makes it the file of its asset, or says there why it was refused. Again changes nothing.
pub async fn complete(app: &App, owner: UserId, id: i64) -> Result<records::Model, MediaError> {
    let app = app.clone();
    // Goes on when its request is given up: whoever asks again finds it done.
    tokio::spawn(async move { settle(&app, owner, id).await })
        .await
        .unwrap_or_else(|panic| Err(MediaError::Storage(panic.into())))
}

async fn settle(app: &App, owner: UserId, id: i64) -> Result<records::Model, MediaError> {
    let on = app.db().reader();
    let upload = uploads::Entity::find_by_id(id)
        .filter(uploads::Column::OwnerId.eq(owner))
        .one(on)
        .await?
        .ok_or(MediaError::NoSuchUpload)?;
    if upload.state == UploadState::Done {
        return assets::find(on, owner, id).await;
    }
    if upload.expires_at <= app.clock().now() {
        return Err(MediaError::NoSuchUpload);
    }
    let outcome = match look_into(app, &upload).await? {
        Ok(file) => Ok(files::store(app, owner, FOLDER, file).await?),
        Err(sentence) => Err(sentence),
    };
    let (upload, outcome) = (&upload, &outcome);
    app.db()
        .write(|tx| async move { finish(&tx, owner, upload, outcome).await })
        .await
}

/// The file, or a sentence on what is wrong with it.
async fn look_into(app: &App, upload: &Model) -> Result<Result<NewFile, String>, MediaError> {
    let storage = app.storage();
    let sent = match storage.stat(&upload.key).await {
        Err(StorageError::NotFound(_)) => return Err(MediaError::NotUploaded),
        sent => sent?.size,
    };
    let declared = u64::try_from(upload.size).unwrap_or_default();
    if sent != declared {
        return Ok(Err(format!(
            "The file has {sent} bytes, but {declared} were declared."
        )));
    }
    let pieces = storage.read_stream(&upload.key, None).await?;
    let content = Content::gather(pieces, declared)
        .await
        .map_err(|error| MediaError::Storage(error.into()))?;
    let Some(content) = content else {
        return Ok(Err(
            "The file is empty, or was changed while it was read.".to_owned()
        ));
    };
    Ok(examine::examine(Upload {
        file_name: upload.file_name.clone(),
        content_type: Some(upload.mime.clone()),
        content,
    })
    .await)
}

async fn finish(
    tx: &Tx,
    owner: UserId,
    upload: &Model,
    outcome: &Result<StoredFile, String>,
) -> Result<records::Model, MediaError> {
    if !close(tx, owner, upload.id).await? {
        // Another request was faster; a file that this one has stored is nobody's and goes by itself.
        return assets::find(tx, owner, upload.id).await;
    }
    let change = match outcome {
        Ok(file) => {
            files::attach(tx, owner, &[file.id]).await?;
            records::ActiveModel {
                file_id: Set(Some(file.id)),
                s3_key: Set(file.key.clone()),
                mime: Set(file.mime.clone()),
                width: Set(file.width),
                height: Set(file.height),
                duration: Set(file.duration),
                status: Set(AssetStatus::Ready),
                checksum: Set(file.checksum.clone()),
                updated_at: Set(tx.now()),
                ..Default::default()
            }
        }
        Err(sentence) => records::ActiveModel {
            status: Set(AssetStatus::Failed),
            meta: Set(json!({ "error": sentence })),
            updated_at: Set(tx.now()),
            ..Default::default()
        },
    };
    records::Entity::update_many()
        .set(change)
        .filter(records::Column::Id.eq(upload.id))
        .filter(records::Column::OwnerId.eq(owner))
        .exec(tx)
        .await?;
    assets::find(tx, owner, upload.id).await
}

/// Ends an upload, if it is open: what was sent is removed. Says whether it was.
pub async fn close(tx: &Tx, owner: UserId, id: i64) -> Result<bool, DbErr> {
    let closed = uploads::Entity::update_many()
        .set(uploads::ActiveModel {
            state: Set(UploadState::Done),
            token_hash: Set(None),
            ..Default::default()
        })
        .filter(uploads::Column::Id.eq(id))
        .filter(uploads::Column::OwnerId.eq(owner))
        .filter(uploads::Column::State.eq(UploadState::Open))
        .exec_with_returning(tx)
        .await?;
    for upload in &closed {
        tx.append(&UploadDone {
            key: upload.key.clone(),
        })
        .await?;
    }
    Ok(!closed.is_empty())
}
