//! Media assets: the records that clients keep of media. Those of our own files say where to fetch them; of all others we know
//! what their owner has written down.

use std::collections::{BTreeSet, HashMap};

use platform::{
    App,
    db::{Engine, list_of},
    http::{Origin, Page, SortKind, SortValue, Sortable, Timestamp},
    id::UserId,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult as _, QueryFilter as _,
    Statement,
    sea_query::{Expr, ExprTrait as _, Query},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    entities::assets::{self, AssetStatus, Model},
    error::MediaError,
    files::{self, StoredFile},
    uploads,
    urls::{self, FileUrls},
};

const COLUMNS: &str = "id, owner_id, file_id, s3_key, mime, width, height, duration, status, checksum, meta, created_at, \
                       updated_at";

/// A media asset.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = MediaAsset)]
pub struct AssetView {
    pub id: i64,
    /// Where the file is, or whatever the owner has written down.
    pub s3_key: String,
    pub mime: String,
    /// In pixels.
    #[schema(required = true)]
    pub width: Option<i64>,
    /// In pixels.
    #[schema(required = true)]
    pub height: Option<i64>,
    /// In seconds.
    #[schema(required = true)]
    pub duration: Option<f64>,
    pub status: AssetStatus,
    /// SHA-256 in hexadecimal digits of a file that was uploaded, else empty.
    pub checksum: String,
    /// Any JSON. Of a file that was uploaded it has `url` and `urls` besides what the owner has put there; of one that was
    /// refused `error`, which says why.
    #[schema(value_type = Object)]
    pub meta: Value,
    pub created_at: Timestamp,
    /// Where a file that was uploaded is fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl AssetView {
    fn of(row: Model, urls: Option<FileUrls>) -> Self {
        let mut meta = row.meta;
        if let (Some(meta), Some(urls)) = (meta.as_object_mut(), &urls) {
            meta.insert("url".to_owned(), urls.full.as_str().into());
            meta.insert("urls".to_owned(), serde_json::json!(urls));
        }
        Self {
            id: row.id,
            s3_key: row.s3_key,
            mime: row.mime,
            width: row.width,
            height: row.height,
            duration: row.duration,
            status: row.status,
            checksum: row.checksum,
            meta,
            created_at: Timestamp(row.created_at),
            url: urls.map(|urls| urls.full),
        }
    }
}

/// Shows assets, in their order, with one query for the files of all of them.
pub async fn show(app: &App, origin: &Origin, rows: Vec<Model>) -> Result<Vec<AssetView>, DbErr> {
    let file_ids: Vec<i64> = rows.iter().filter_map(|row| row.file_id).collect();
    let files = files::files(app.db().reader(), &file_ids).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let urls = match row.file_id.and_then(|id| files.get(&id)) {
            Some(file) => Some(urls::urls(app, origin, file).await),
            None => None,
        };
        views.push(AssetView::of(row, urls));
    }
    Ok(views)
}

/// Shows one asset.
pub async fn show_one(app: &App, origin: &Origin, row: Model) -> Result<AssetView, MediaError> {
    let mut views = show(app, origin, vec![row]).await?;
    views.pop().ok_or(MediaError::NoSuchAsset)
}

/// Those of the assets that are there, whosever they are, by their ids, in two queries.
pub async fn assets(app: &App, origin: &Origin, ids: &[i64]) -> Result<HashMap<i64, AssetView>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let on = app.db().reader();
    let text = format!(
        "SELECT {COLUMNS} FROM media_assets WHERE id IN {}",
        Engine::of(on).list("$1")
    );
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, [list_of(ids)]);
    let rows = on.query_all_raw(statement).await?;
    let rows = rows
        .iter()
        .map(|row| Model::from_query_result(row, ""))
        .collect::<Result<Vec<_>, _>>()?;
    let views = show(app, origin, rows).await?;
    Ok(views.into_iter().map(|view| (view.id, view)).collect())
}

/// Those of the ids that are assets of `owner`, once each, in the order given.
pub async fn own_assets(on: &impl ConnectionTrait, owner: UserId, ids: &[i64]) -> Result<Vec<i64>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT id FROM media_assets WHERE owner_id = $1 AND id IN {}",
        Engine::of(on).list("$2")
    );
    let values = [owner.0.into(), list_of(ids)];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    let rows = on.query_all_raw(statement).await?;
    let mut own = rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<BTreeSet<i64>, _>>()?;
    Ok(ids.iter().copied().filter(|id| own.remove(id)).collect())
}

const fn sortable(name: &'static str, kind: SortKind) -> Sortable {
    Sortable {
        name,
        kind,
        column: ("a", name),
    }
}

/// Breaks ties.
pub const ID: Sortable = sortable("id", SortKind::Integer);

/// What the list may be ordered by.
pub const SORTABLE: [Sortable; 5] = [
    ID,
    sortable("s3_key", SortKind::Text),
    sortable("mime", SortKind::Text),
    sortable("checksum", SortKind::Text),
    sortable("created_at", SortKind::Time),
];

/// The value of a field of [`SORTABLE`].
pub fn sort_value(asset: &Model, field: &str) -> SortValue {
    match field {
        "s3_key" => SortValue::Text(asset.s3_key.clone()),
        "mime" => SortValue::Text(asset.mime.clone()),
        "checksum" => SortValue::Text(asset.checksum.clone()),
        "created_at" => SortValue::Time(asset.created_at),
        _ => SortValue::Integer(asset.id),
    }
}

/// A page of the assets of an account.
pub async fn page_of(app: &App, owner: UserId, page: &Page) -> Result<Vec<Model>, DbErr> {
    let on = app.db().reader();
    let query = Query::select()
        .expr(Expr::cust(
            "a.id, a.owner_id, a.file_id, a.s3_key, a.mime, a.width, a.height, a.duration, a.status, a.checksum, a.meta, \
             a.created_at, a.updated_at",
        ))
        .from_as("media_assets", "a")
        .and_where(Expr::col(("a", "owner_id")).eq(owner.0))
        .take();
    let rows = on
        .query_all_raw(page.statement(query, on.get_database_backend()))
        .await?;
    rows.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// An asset of an account.
pub async fn find(on: &impl ConnectionTrait, owner: UserId, id: i64) -> Result<Model, MediaError> {
    assets::Entity::find_by_id(id)
        .filter(assets::Column::OwnerId.eq(owner))
        .one(on)
        .await?
        .ok_or(MediaError::NoSuchAsset)
}

/// What is written down of media; what is `None` stays, or gets its default.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub s3_key: Option<String>,
    pub mime: Option<String>,
    pub width: Option<Option<i64>>,
    pub height: Option<Option<i64>>,
    pub duration: Option<Option<f64>>,
    pub meta: Option<Value>,
}

/// Adds a record of media that are kept elsewhere.
pub async fn add(app: &App, owner: UserId, record: &Record) -> Result<Model, MediaError> {
    app.db()
        .write(|tx| async move {
            let row = Model {
                id: tx.next_id(),
                owner_id: owner,
                file_id: None,
                s3_key: record.s3_key.clone().unwrap_or_default(),
                mime: record.mime.clone().unwrap_or_default(),
                width: record.width.flatten(),
                height: record.height.flatten(),
                duration: record.duration.flatten(),
                status: AssetStatus::Pending,
                checksum: String::new(),
                meta: record.meta.clone().unwrap_or_else(|| serde_json::json!({})),
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            insert(&tx, row).await
        })
        .await
}

/// Adds an asset of a stored file, which it refers to from now on.
pub async fn add_file(
    app: &App,
    owner: UserId,
    file: &StoredFile,
    meta: &Value,
) -> Result<Model, MediaError> {
    app.db()
        .write(|tx| async move {
            files::attach(&tx, owner, &[file.id]).await?;
            let row = Model {
                id: tx.next_id(),
                owner_id: owner,
                file_id: Some(file.id),
                s3_key: file.key.clone(),
                mime: file.mime.clone(),
                width: file.width,
                height: file.height,
                duration: file.duration,
                status: AssetStatus::Ready,
                checksum: file.checksum.clone(),
                meta: meta.clone(),
                created_at: tx.now(),
                updated_at: tx.now(),
            };
            insert(&tx, row).await
        })
        .await
}

pub async fn insert(on: &impl ConnectionTrait, row: Model) -> Result<Model, MediaError> {
    let written = assets::Entity::insert(assets::ActiveModel::from(row.clone()))
        .exec_without_returning(on)
        .await;
    match written {
        Ok(_) => Ok(row),
        Err(error) if files::is_orphan(&error) => Err(MediaError::NoSuchOwner),
        Err(error) => Err(error.into()),
    }
}

/// Changes a record. Of a file that was uploaded only `meta` can be changed: the rest is what the file is.
pub async fn change(app: &App, owner: UserId, id: i64, record: &Record) -> Result<Model, MediaError> {
    app.db()
        .write(|tx| async move {
            let meta = assets::ActiveModel {
                meta: record.meta.clone().map_or_else(Default::default, Set),
                updated_at: Set(tx.now()),
                ..Default::default()
            };
            let whole = assets::ActiveModel {
                s3_key: record.s3_key.clone().map_or_else(Default::default, Set),
                mime: record.mime.clone().map_or_else(Default::default, Set),
                width: record.width.map_or_else(Default::default, Set),
                height: record.height.map_or_else(Default::default, Set),
                duration: record.duration.map_or_else(Default::default, Set),
                ..meta.clone()
            };
            for (change, is_ours) in [(whole, false), (meta, true)] {
                let has_file = if is_ours {
                    assets::Column::FileId.is_not_null()
                } else {
                    assets::Column::FileId.is_null()
                };
                let changed = assets::Entity::update_many()
                    .set(change)
                    .filter(assets::Column::Id.eq(id))
                    .filter(assets::Column::OwnerId.eq(owner))
                    .filter(has_file)
                    .exec(&tx)
                    .await?;
                if changed.rows_affected > 0 {
                    break;
                }
            }
            find(&tx, owner, id).await
        })
        .await
}

/// Removes a record, and the file that was uploaded for it, or still is.
pub async fn remove(app: &App, owner: UserId, id: i64) -> Result<(), MediaError> {
    app.db()
        .write(|tx| async move {
            let text = "DELETE FROM media_assets WHERE id = $1 AND owner_id = $2 RETURNING file_id";
            let values = [id.into(), owner.0.into()];
            let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
            let removed = tx.query_one_raw(statement).await?;
            let removed = removed.ok_or(MediaError::NoSuchAsset)?;
            let file: Option<i64> = removed.try_get_by_index(0)?;
            files::release(&tx, file.as_slice()).await?;
            uploads::close(&tx, owner, id).await?;
            Ok(())
        })
        .await
}
