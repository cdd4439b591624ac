//! The endpoints of this domain.

mod auth;
mod follows;
mod home;
mod me;
mod passkeys;
mod second_factor;
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
        .routes(routes!(second_factor::ask_passkey))
        .routes(routes!(passkeys::start_sign_in))
        .routes(routes!(passkeys::finish_sign_in));
    let second_step = OpenApiRouter::new().routes(routes!(second_factor::answer, second_factor::status));
    let signed_in = OpenApiRouter::new()
        .routes(routes!(home::root))
        .routes(routes!(users::list))
        .routes(routes!(me::read, me::change))
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
        .routes(routes!(sessions::end_one))
        .routes(routes!(second_factor::start_totp))
        .routes(routes!(second_factor::confirm_totp))
        .routes(routes!(second_factor::remove_totp))
        .routes(routes!(second_factor::renew_recovery_codes))
        .routes(routes!(passkeys::start_registration))
        .routes(routes!(passkeys::finish_registration))
        .routes(routes!(passkeys::remove));
    let public = OpenApiRouter::new().routes(routes!(home::highlights));
    vec![
        Routes::api(Access::SignIn, sign_in),
        Routes::api(Access::SignInByPost, second_step),
        Routes::api(Access::SignedIn, signed_in),
        Routes::api(Access::Public, public),
    ]
}
