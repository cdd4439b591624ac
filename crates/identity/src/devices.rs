//! Devices that get push messages. A push token names one device, and a device has one owner at a time: whoever
//! registers it last.

use chrono::{DateTime, Utc};
use platform::{
    App,
    db::{Tx, violates_unique},
    http::{ApiError, Page, SortKind, SortValue, Sortable},
    id::UserId,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait as _, DbErr, EntityTrait as _, FromQueryResult as _, QueryFilter as _,
    Statement,
    sea_query::{Expr, ExprTrait as _, Query},
};

use crate::{
    entities::devices::{self, Model, PushToken},
    profiles::set,
};

/// What can be wrong with a request about devices.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// There is no such device, or it is somebody else's.
    #[error("No Device matches the given query.")]
    NoSuchDevice,
    /// Another registration of the token came in between.
    #[error("device with this push token already exists.")]
    TokenTaken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl From<DeviceError> for ApiError {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::NoSuchDevice => Self::no_match("Device"),
            DeviceError::TokenTaken => Self::field("push_token", error.to_string()),
            DeviceError::Database(error) => error.into(),
        }
    }
}

/// A registration.
#[derive(Debug, Clone)]
pub struct NewDevice {
    pub device_type: String,
    pub push_token: PushToken,
}

/// A change of a device; what is `None` stays.
#[derive(Debug, Clone)]
pub struct DeviceChange {
    pub device_type: Option<String>,
    pub push_token: Option<PushToken>,
}

const fn sortable(name: &'static str, kind: SortKind) -> Sortable {
    Sortable {
        name,
        kind,
        column: ("d", name),
    }
}

/// Breaks ties.
pub const ID: Sortable = sortable("id", SortKind::Integer);

/// What the list may be ordered by. Not by tokens: cursors carry values, and URLs are logged by many.
pub const SORTABLE: [Sortable; 4] = [
    ID,
    sortable("device_type", SortKind::Text),
    sortable("last_seen", SortKind::Time),
    sortable("created_at", SortKind::Time),
];

/// The value of a field of [`SORTABLE`].
pub fn sort_value(device: &Model, field: &str) -> SortValue {
    let time = |at: DateTime<Utc>| SortValue::Time(at);
    match field {
        "device_type" => SortValue::Text(device.device_type.clone()),
        "last_seen" => time(device.last_seen),
        "created_at" => time(device.created_at),
        _ => SortValue::Integer(device.id),
    }
}

/// A page of the devices of an account.
pub async fn page_of(app: &App, user: UserId, page: &Page) -> Result<Vec<Model>, DbErr> {
    let on = app.db().reader();
    let query = Query::select()
        .expr(Expr::cust(
            "d.id, d.user_id, d.device_type, d.push_token, d.last_seen, d.created_at",
        ))
        .from_as("devices", "d")
        .and_where(Expr::col(("d", "user_id")).eq(user.0))
        .take();
    let rows = on
        .query_all_raw(page.statement(query, on.get_database_backend()))
        .await?;
    rows.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// A device of an account.
pub async fn find(app: &App, user: UserId, id: i64) -> Result<Model, DeviceError> {
    devices::Entity::find_by_id(id)
        .filter(devices::Column::UserId.eq(user))
        .one(app.db().reader())
        .await?
        .ok_or(DeviceError::NoSuchDevice)
}

/// Registers a device; also whether it is new to this account. Registering again renews the row, and a device that was
/// somebody else's is theirs no longer. All in one statement, which decides between registrations at the same time.
pub async fn register(app: &App, user: UserId, device: &NewDevice) -> Result<(Model, bool), DbErr> {
    app.db()
        .write(|tx| async move {
            let id = tx.next_id();
            let text = "INSERT INTO devices AS d (id, user_id, device_type, push_token, last_seen, created_at) \
                        VALUES ($1, $2, $3, $4, $5, $5) \
                        ON CONFLICT (push_token) DO UPDATE SET \
                        id = CASE WHEN d.user_id = excluded.user_id THEN d.id ELSE excluded.id END, \
                        created_at = CASE WHEN d.user_id = excluded.user_id THEN d.created_at \
                                     ELSE excluded.created_at END, \
                        user_id = excluded.user_id, device_type = excluded.device_type, \
                        last_seen = excluded.last_seen \
                        RETURNING id, user_id, device_type, push_token, last_seen, created_at";
            let values = [
                id.into(),
                user.0.into(),
                device.device_type.as_str().into(),
                device.push_token.0.as_str().into(),
                tx.now().into(),
            ];
            let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
            let row = tx.query_one_raw(statement).await?;
            let row = row.ok_or_else(|| DbErr::RecordNotFound("the registered device".to_owned()))?;
            let stored = Model::from_query_result(&row, "")?;
            let is_new = stored.id == id;
            Ok((stored, is_new))
        })
        .await
}

/// Changes a device. A token that another row has moves to this one, whose device it is now; the other row goes.
pub async fn change(app: &App, user: UserId, id: i64, change: &DeviceChange) -> Result<Model, DeviceError> {
    app.db()
        .write(|tx| async move { write(&tx, user, id, change).await })
        .await
}

async fn write(tx: &Tx, user: UserId, id: i64, change: &DeviceChange) -> Result<Model, DeviceError> {
    // Takes hold of the row, if it is this account's.
    let held = devices::Entity::update_many()
        .col_expr(devices::Column::LastSeen, tx.now().into())
        .filter(devices::Column::Id.eq(id))
        .filter(devices::Column::UserId.eq(user))
        .exec(tx)
        .await?;
    if held.rows_affected == 0 {
        return Err(DeviceError::NoSuchDevice);
    }
    if let Some(token) = &change.push_token {
        devices::Entity::delete_many()
            .filter(devices::Column::PushToken.eq(token.clone()))
            .filter(devices::Column::Id.ne(id))
            .exec(tx)
            .await?;
    }
    let row = devices::ActiveModel {
        id: Set(id),
        device_type: set(change.device_type.as_ref()),
        push_token: set(change.push_token.as_ref()),
        last_seen: Set(tx.now()),
        ..Default::default()
    };
    devices::Entity::update(row).exec(tx).await.map_err(|error| {
        if violates_unique(&error, "devices", "push_token") {
            DeviceError::TokenTaken
        } else {
            error.into()
        }
    })
}

/// Removes a device.
pub async fn remove(app: &App, user: UserId, id: i64) -> Result<(), DeviceError> {
    let removed = app
        .db()
        .write(|tx| async move {
            devices::Entity::delete_many()
                .filter(devices::Column::Id.eq(id))
                .filter(devices::Column::UserId.eq(user))
                .exec(&tx)
                .await
        })
        .await?;
    if removed.rows_affected == 0 {
        return Err(DeviceError::NoSuchDevice);
    }
    Ok(())
}
