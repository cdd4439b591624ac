//! The endpoints of this domain. Those of the gateway are no part of the API's description: one is no HTTP, the other is for
//! other servers.

mod presence;
mod publishing;
mod sockets;

use axum::{extract::DefaultBodyLimit, routing};
use platform::{
    domain::{Routes, Surface},
    http::Access,
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Longest body of a publication, in bytes.
const LONGEST_BODY: usize = 256 << 10;

/// All of them; those of the gateway let in whom they let in by themselves.
pub fn all() -> Vec<Routes> {
    let publish = routing::post(publishing::publish).layer(DefaultBodyLimit::max(LONGEST_BODY));
    let router = OpenApiRouter::new()
        .route("/ws", routing::get(sockets::open))
        .route("/internal/publish", publish);
    let signed_in = OpenApiRouter::new()
        .routes(routes!(presence::list))
        .routes(routes!(presence::choice, presence::choose));
    vec![
        Routes {
            surface: Surface::Realtime,
            access: Access::Own,
            router,
        },
        Routes::api(Access::SignedIn, signed_in),
    ]
}
