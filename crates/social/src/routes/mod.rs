//! The endpoints of this domain.

mod posts;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let posts = OpenApiRouter::new()
        .routes(routes!(posts::create))
        .routes(routes!(posts::detail));
    vec![Routes::api(Access::PublicReads, posts)]
}
