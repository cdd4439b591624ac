//! The endpoints of this domain, each below `/api/v1/` and below `/api/v1/messaging/`.

mod input;
mod messages;
mod reactions;
mod receipts;
mod root;
mod sync;
mod threads;
mod typing;

use platform::{App, domain::Routes, http::Access};
use utoipa::openapi::path::Paths;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

/// Where the endpoints say that they are.
const HOME: &str = "/api/v1/";

pub fn all() -> Vec<Routes> {
    let router = below(HOME)
        .merge(below("/api/v1/messaging/"))
        .routes(routes!(root::root));
    vec![Routes::api(Access::SignedIn, router)]
}

/// All endpoints below a place. Links to further pages lead to where the request went.
fn below(place: &'static str) -> OpenApiRouter<App> {
    let at = |routes| moved(routes, place);
    OpenApiRouter::new()
        .routes(at(routes!(threads::list, threads::create)))
        .routes(at(routes!(threads::direct)))
        .routes(at(routes!(
            threads::detail,
            threads::replace,
            threads::change,
            threads::remove
        )))
        .routes(at(routes!(threads::leave)))
        .routes(at(routes!(messages::send)))
        .routes(at(routes!(sync::sync)))
        .routes(at(routes!(receipts::read)))
        .routes(at(routes!(typing::who, typing::signal)))
        .routes(at(routes!(messages::list, messages::create)))
        .routes(at(routes!(
            messages::detail,
            messages::replace,
            messages::change,
            messages::remove
        )))
        .routes(at(routes!(receipts::acknowledge)))
        .routes(at(routes!(reactions::list, reactions::toggle)))
}

fn moved((schemas, paths, router): UtoipaMethodRouter<App>, place: &str) -> UtoipaMethodRouter<App> {
    let mut elsewhere = Paths::new();
    for (path, item) in paths.paths {
        let path = path.replacen(HOME, place, 1);
        elsewhere.paths.insert(path, item);
    }
    (schemas, elsewhere, router)
}
