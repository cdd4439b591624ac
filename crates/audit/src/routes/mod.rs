//! The endpoints of this domain.

mod events;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let staff = OpenApiRouter::new()
        .routes(routes!(events::list))
        .routes(routes!(events::detail));
    vec![Routes::api(Access::Staff, staff)]
}
