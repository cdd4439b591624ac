//! The endpoints of this domain.

mod auth;
mod devices;
mod follows;
mod home;
mod maps;
mod matching_profiles;
mod me;
mod sessions;
mod ties;
mod users;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let sign_in = OpenApiRouter::new()
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh));
    let signed_in = OpenApiRouter::new()
        .routes(routes!(home::root))
        .routes(routes!(users::list))
        .routes(routes!(me::read, me::change))
        .routes(routes!(me::recipient_id))
        .routes(routes!(maps::read, maps::replace, maps::change))
        .routes(routes!(matching_profiles::read, matching_profiles::change))
        .routes(routes!(devices::list, devices::register))
        .routes(routes!(
            devices::detail,
            devices::replace,
            devices::change,
            devices::remove
        ))
        .routes(routes!(users::detail))
        .routes(routes!(follows::follow, follows::unfollow))
        .routes(routes!(follows::followers))
        .routes(routes!(follows::following))
        .routes(routes!(ties::block, ties::unblock))
        .routes(routes!(ties::mute, ties::unmute))
        .routes(routes!(ties::blocks))
        .routes(routes!(ties::mutes))
        .routes(routes!(sessions::sign_out))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::end_one));
    let public = OpenApiRouter::new().routes(routes!(home::highlights));
    vec![
        Routes::api(Access::SignIn, sign_in),
        Routes::api(Access::SignedIn, signed_in),
        Routes::api(Access::Public, public),
    ]
}
