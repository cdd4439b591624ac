//! The endpoints of this domain.

mod appeals;
mod enforcements;
mod handling;
mod queue;
mod reports;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let signed_in = OpenApiRouter::new()
        .routes(routes!(reports::list, reports::file))
        .routes(routes!(
            reports::detail,
            reports::replace,
            reports::change,
            reports::withdraw
        ))
        // For moderators: the handlers see to it, as not all of them belong to staff.
        .routes(routes!(handling::list))
        .routes(routes!(
            handling::detail,
            handling::replace,
            handling::change,
            handling::remove
        ))
        .routes(routes!(handling::context))
        .routes(routes!(enforcements::enforce_report))
        .routes(routes!(enforcements::enforce))
        .routes(routes!(enforcements::lift))
        .routes(routes!(queue::list))
        .routes(routes!(queue::assign, queue::release))
        .routes(routes!(appeals::list_all))
        .routes(routes!(appeals::decide));
    let staff = OpenApiRouter::new()
        .routes(routes!(enforcements::list))
        .routes(routes!(enforcements::detail));
    // Those who cannot sign in appeal with the token of a mail.
    let public = OpenApiRouter::new().routes(routes!(appeals::list, appeals::file));
    vec![
        Routes::api(Access::SignedIn, signed_in),
        Routes::api(Access::Staff, staff),
        Routes::api(Access::Public, public),
    ]
}
