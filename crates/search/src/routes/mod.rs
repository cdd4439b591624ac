//! The endpoints of this domain.

mod search;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let signed_in = OpenApiRouter::new()
        .routes(routes!(search::users))
        .routes(routes!(search::posts));
    vec![Routes::api(Access::SignedIn, signed_in)]
}
