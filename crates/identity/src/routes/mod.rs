//! The endpoints of this domain.

mod addresses;
mod auth;
mod follows;
mod home;
mod me;
mod passwords;
mod sessions;
mod ties;
mod users;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let sign_in = OpenApiRouter::new()
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(passwords::request_reset))
        .routes(routes!(passwords::reset))
        .routes(routes!(addresses::verify))
        .routes(routes!(addresses::change));
    let account = OpenApiRouter::new()
        .routes(routes!(me::read, me::change))
        .routes(routes!(passwords::change))
        .routes(routes!(addresses::resend))
        .routes(routes!(addresses::request_change))
        .routes(routes!(sessions::sign_out))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::end_one));
    let signed_in = OpenApiRouter::new()
        .routes(routes!(home::root))
        .routes(routes!(users::list))
        .routes(routes!(users::detail))
        .routes(routes!(follows::follow, follows::unfollow))
        .routes(routes!(follows::followers))
        .routes(routes!(follows::following))
        .routes(routes!(ties::block, ties::unblock))
        .routes(routes!(ties::mute, ties::unmute))
        .routes(routes!(ties::blocks))
        .routes(routes!(ties::mutes));
    let public = OpenApiRouter::new().routes(routes!(home::highlights));
    vec![
        Routes::api(Access::SignIn, sign_in),
        Routes::api(Access::Account, account),
        Routes::api(Access::SignedIn, signed_in),
        Routes::api(Access::Public, public),
    ]
}
