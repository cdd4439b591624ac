//! What this domain keeps about people.

use chrono::Duration;
use platform::{App, db::Tx, id::UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, DbErr, EntityTrait as _, FromQueryResult as _,
    JsonValue, QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};
use serde_json::{Value, json};

use crate::{
    entities::{
        files::{self as rows, FileStatus},
        uploads::{self, UploadState},
    },
    files,
};

/// A file that is listed as being written for longer than this is not: each gets less time.
const LONGEST_WRITING: Duration = Duration::minutes(10);
/// Rows that are removed at a time.
const BATCH: u64 = 200;

const FILES: &str = "SELECT id, key, kind, mime, size, width, height, duration, checksum, created_at FROM media_files \
                     WHERE owner_id = $1 ORDER BY id";
const ASSETS: &str = "SELECT id, file_id, s3_key, mime, width, height, duration, status, checksum, meta, created_at \
                      FROM media_assets WHERE owner_id = $1 ORDER BY created_at, id";

/// The lists of somebody's files, with where each is fetched, and of their media records.
pub async fn export(app: &App, user: UserId) -> anyhow::Result<Value> {
    let on = app.db().reader();
    let find = |text| {
        let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [user.0.into()]);
        JsonValue::find_by_statement(statement).all(on)
    };
    let (mut files, mut assets) = (find(FILES).await?, find(ASSETS).await?);
    for file in &mut files {
        let url = app.storage().plain_url(file["key"].as_str().unwrap_or_default());
        file["url"] = url.into();
    }
    for asset in &mut assets {
        // SQLite keeps JSON as text.
        if let Some(Ok(meta)) = asset["meta"].as_str().map(serde_json::from_str::<Value>) {
            asset["meta"] = meta;
        }
    }
    Ok(json!({ "files": files, "assets": assets }))
}

/// Removes somebody's files with their rows, except those that are being written at this moment, and what they have sent and
/// not finished. Again changes nothing.
pub async fn remove_files(app: &App, user: UserId) -> anyhow::Result<()> {
    let mut last = 0;
    loop {
        let batch = rows::Entity::find()
            .filter(rows::Column::OwnerId.eq(user))
            .filter(rows::Column::Id.gt(last))
            .order_by_asc(rows::Column::Id)
            .limit(BATCH)
            .all(app.db().reader())
            .await?;
        let Some(end) = batch.last() else { break };
        last = end.id;
        let written_since = app.clock().now() - LONGEST_WRITING;
        for file in batch {
            if file.status != FileStatus::Storing || file.created_at < written_since {
                files::remove(app, &file).await?;
            }
        }
    }
    let sent = uploads::Entity::find()
        .filter(uploads::Column::OwnerId.eq(user))
        .all(app.db().reader())
        .await?;
    for upload in sent {
        app.storage().delete(&upload.key).await?;
    }
    Ok(())
}

/// Refuses while files are left, which goes by itself: one was being written when the files were removed, and its row is all
/// that leads to it. Uploads are nobody's from now on; their rows go when nothing can be sent to their places any more.
pub async fn erase(tx: &Tx, user: UserId) -> Result<(), DbErr> {
    identity::hold_account(tx, user).await?;
    let left = rows::Entity::find()
        .filter(rows::Column::OwnerId.eq(user))
        .one(tx)
        .await?;
    if left.is_some() {
        return Err(DbErr::Custom("a file of the account is being stored".to_owned()));
    }
    let nobodys = uploads::ActiveModel {
        owner_id: Set(None),
        token_hash: Set(None),
        file_name: Set(String::new()),
        state: Set(UploadState::Done),
        ..Default::default()
    };
    uploads::Entity::update_many()
        .set(nobodys)
        .filter(uploads::Column::OwnerId.eq(user))
        .exec(tx)
        .await?;
    Ok(())
}
