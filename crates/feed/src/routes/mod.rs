//! The endpoints of this domain.

mod feeds;
mod health;
mod request;

use axum::Extension;
use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::cards::{CardSet, Makers};

pub fn all<C: CardSet>() -> Vec<Routes> {
    let feeds = OpenApiRouter::new()
        .routes(routes!(feeds::home))
        .routes(routes!(feeds::following))
        .routes(routes!(feeds::following_videos))
        .routes(routes!(feeds::for_you))
        .routes(routes!(feeds::for_you_videos))
        .routes(routes!(health::health))
        .layer(Extension(Makers::of::<C>()));
    vec![Routes::api(Access::SignedIn, feeds)]
}
