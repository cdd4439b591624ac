//! The endpoints of this domain.

mod addresses;
mod auth;
mod devices;
mod follows;
mod home;
mod leaving;
mod maps;
mod matching_profiles;
mod me;
mod passkeys;
mod passwords;
mod second_factor;
mod sessions;
mod social;
mod ties;
mod users;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let sign_in = OpenApiRouter::new()
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(social::callback))
        .routes(routes!(passwords::request_reset))
        .routes(routes!(passwords::reset))
        .routes(routes!(addresses::verify))
        .routes(routes!(addresses::change))
        .routes(routes!(second_factor::ask_passkey))
        .routes(routes!(passkeys::start_sign_in))
        .routes(routes!(passkeys::finish_sign_in));
    let second_step = OpenApiRouter::new().routes(routes!(second_factor::answer, second_factor::status));
    let account = OpenApiRouter::new()
        .routes(routes!(me::read, me::change))
        .routes(routes!(passwords::change))
        .routes(routes!(addresses::resend))
        .routes(routes!(addresses::request_change))
        .routes(routes!(leaving::delete_account))
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
    let signed_in = OpenApiRouter::new()
        .routes(routes!(home::root))
        .routes(routes!(users::list))
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
        .routes(routes!(leaving::request_export, leaving::read_export))
        .routes(routes!(leaving::download_export))
        .routes(routes!(social::list))
        .routes(routes!(social::link, social::unlink));
    let public = OpenApiRouter::new().routes(routes!(home::highlights));
    vec![
        Routes::api(Access::SignIn, sign_in),
        Routes::api(Access::SignInByPost, second_step),
        Routes::api(Access::Account, account),
        Routes::api(Access::SignedIn, signed_in),
        Routes::api(Access::Public, public),
    ]
}
