//! The endpoints of the gateway. They are no part of the API's description: one is no HTTP, the other is for other servers.

mod publishing;
mod sockets;

use axum::{extract::DefaultBodyLimit, routing};
use platform::{
    domain::{Routes, Surface},
    http::Access,
};
use utoipa_axum::router::OpenApiRouter;

/// Longest body of a publication, in bytes.
const LONGEST_BODY: usize = 256 << 10;

/// All of them; they let in whom they let in by themselves.
pub fn all() -> Vec<Routes> {
    let publish = routing::post(publishing::publish).layer(DefaultBodyLimit::max(LONGEST_BODY));
    let router = OpenApiRouter::new()
        .route("/ws", routing::get(sockets::open))
        .route("/internal/publish", publish);
    vec![Routes {
        surface: Surface::Realtime,
        access: Access::Own,
        router,
    }]
}
