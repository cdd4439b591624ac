//! The endpoints of this domain.

mod assets;
mod uploads;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let own = OpenApiRouter::new()
        .routes(routes!(assets::list, assets::add))
        .routes(routes!(
            assets::detail,
            assets::replace,
            assets::change,
            assets::remove
        ))
        .routes(routes!(uploads::open))
        .routes(routes!(uploads::complete));
    // Its token says who sends: whatever else comes along is not looked at, as with a bucket's signed URL.
    let sending = OpenApiRouter::new().routes(routes!(uploads::receive));
    vec![
        Routes::api(Access::SignedIn, own),
        Routes::api(Access::SignIn, sending),
    ]
}
