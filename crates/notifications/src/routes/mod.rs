//! The endpoints of this domain.

mod notifications;
mod preferences;
mod unsubscribing;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let signed_in = OpenApiRouter::new()
        .routes(routes!(notifications::list, notifications::create))
        .routes(routes!(notifications::unread_count))
        .routes(routes!(notifications::mark_all_read))
        .routes(routes!(preferences::read, preferences::change))
        .routes(routes!(
            notifications::detail,
            notifications::replace,
            notifications::change,
            notifications::remove
        ));
    // Mail programs have no token, and browsers may send an old one.
    let by_link = OpenApiRouter::new().routes(routes!(unsubscribing::ask, unsubscribing::end));
    vec![
        Routes::api(Access::SignedIn, signed_in),
        Routes::api(Access::SignIn, by_link),
    ]
}
