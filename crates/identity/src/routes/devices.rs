//! `devices/`: one's own devices that get push messages.

use axum::{Json, extract::State, http::StatusCode};
use platform::{
    App,
    http::{ApiError, Body, CurrentUser, Fields, Input, Paginated, Paging, PathId, Timestamp, text},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    devices::{self, DeviceChange, ID, NewDevice, SORTABLE},
    entities::devices::{Model, PushToken},
};

/// A device.
#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
pub struct DeviceView {
    id: i64,
    device_type: String,
    push_token: String,
    /// When it was last registered or changed.
    last_seen: Timestamp,
    created_at: Timestamp,
}

impl DeviceView {
    fn of(device: Model) -> Self {
        Self {
            id: device.id,
            device_type: device.device_type,
            push_token: device.push_token.0,
            last_seen: Timestamp(device.last_seen),
            created_at: Timestamp(device.created_at),
        }
    }
}

/// A registration. `POST` and `PUT` need both fields.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body for the API's documentation")]
pub struct DeviceBody {
    /// Any text, such as `ios`, `android` or `web`.
    #[schema(min_length = 1, max_length = 32)]
    device_type: String,
    /// What the push provider knows the device by.
    #[schema(min_length = 1, max_length = 255)]
    push_token: String,
}

impl Input for NewDevice {
    fn read(fields: &mut Fields) -> Self {
        Self {
            device_type: fields.required("device_type", text().max(32)),
            push_token: PushToken(fields.required("push_token", text().max(255))),
        }
    }
}

impl Input for DeviceChange {
    fn read(fields: &mut Fields) -> Self {
        Self {
            device_type: fields.optional("device_type", text().max(32)),
            push_token: fields.optional("push_token", text().max(255)).map(PushToken),
        }
    }
}

/// One's own devices, newest first.
#[utoipa::path(
    get, path = "/api/v1/devices/", tag = "devices",
    params(
        ("page_size" = Option<u32>, Query, description = "Items per page: 20, at most 100"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
        ("ordering" = Option<String>, Query, description = "Fields, `-` before those that descend"),
    ),
    responses((status = 200, body = Paginated<DeviceView>), (status = 404, description = "Invalid cursor"))
)]
pub async fn list(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    paging: Paging,
) -> Result<Json<Paginated<DeviceView>>, ApiError> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let rows = devices::page_of(&app, viewer.id, &page).await?;
    Ok(Json(page.answer(rows, devices::sort_value).map(DeviceView::of)))
}

/// Registers a device. Again, it renews the registration; a device that was somebody else's is theirs no longer.
#[utoipa::path(
    post, path = "/api/v1/devices/", tag = "devices", request_body = DeviceBody,
    responses(
        (status = 201, body = DeviceView), (status = 200, body = DeviceView, description = "It was registered before"),
        (status = 400, description = "Messages by field"),
    )
)]
pub async fn register(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    Body(device): Body<NewDevice>,
) -> Result<(StatusCode, Json<DeviceView>), ApiError> {
    let (device, is_new) = devices::register(&app, viewer.id, &device).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(DeviceView::of(device))))
}

/// One of one's own devices.
#[utoipa::path(
    get, path = "/api/v1/devices/{id}/", tag = "devices", params(("id" = i64, Path)),
    responses((status = 200, body = DeviceView), (status = 404, description = "No such device of one's own"))
)]
pub async fn detail(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<Json<DeviceView>, ApiError> {
    let device = devices::find(&app, viewer.id, id.of("Device")?).await?;
    Ok(Json(DeviceView::of(device)))
}

/// Changes a device; a token that another registration has moves to this one.
#[utoipa::path(
    put, path = "/api/v1/devices/{id}/", tag = "devices", params(("id" = i64, Path)), request_body = DeviceBody,
    responses(
        (status = 200, body = DeviceView), (status = 400, description = "Messages by field"),
        (status = 404, description = "No such device of one's own"),
    )
)]
pub async fn replace(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    Body(device): Body<NewDevice>,
) -> Result<Json<DeviceView>, ApiError> {
    let change = DeviceChange {
        device_type: Some(device.device_type),
        push_token: Some(device.push_token),
    };
    let device = devices::change(&app, viewer.id, id.of("Device")?, &change).await?;
    Ok(Json(DeviceView::of(device)))
}

/// The same for single fields; what is left out stays.
#[utoipa::path(
    patch, path = "/api/v1/devices/{id}/", tag = "devices", params(("id" = i64, Path)), request_body = DeviceBody,
    responses(
        (status = 200, body = DeviceView), (status = 400, description = "Messages by field"),
        (status = 404, description = "No such device of one's own"),
    )
)]
pub async fn change(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
    Body(change): Body<DeviceChange>,
) -> Result<Json<DeviceView>, ApiError> {
    let device = devices::change(&app, viewer.id, id.of("Device")?, &change).await?;
    Ok(Json(DeviceView::of(device)))
}

/// Removes a device: it gets no more push messages.
#[utoipa::path(
    delete, path = "/api/v1/devices/{id}/", tag = "devices", params(("id" = i64, Path)),
    responses((status = 204, description = "Removed"), (status = 404, description = "No such device of one's own"))
)]
pub async fn remove(
    State(app): State<App>,
    CurrentUser(viewer): CurrentUser,
    id: PathId,
) -> Result<StatusCode, ApiError> {
    devices::remove(&app, viewer.id, id.of("Device")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
