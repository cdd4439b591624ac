//! The endpoints of this domain.

mod bookmarks;
mod comments;
mod hashtags;
mod likes;
mod posts;
mod reposts;

use platform::{domain::Routes, http::Access};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn all() -> Vec<Routes> {
    let public_reads = OpenApiRouter::new()
        .routes(routes!(posts::list, posts::create))
        .routes(routes!(
            posts::detail,
            posts::replace,
            posts::change,
            posts::remove
        ))
        .routes(routes!(likes::like_post))
        .routes(routes!(likes::unlike_post, likes::unlike_post_by_delete))
        .routes(routes!(comments::list, comments::create))
        .routes(routes!(
            comments::detail,
            comments::replace,
            comments::change,
            comments::remove
        ))
        .routes(routes!(likes::like_comment))
        .routes(routes!(likes::unlike_comment, likes::unlike_comment_by_delete));
    let signed_in = OpenApiRouter::new()
        .routes(routes!(likes::of_post))
        .routes(routes!(likes::of_comment))
        .routes(routes!(bookmarks::keep, bookmarks::give_up))
        .routes(routes!(bookmarks::list))
        .routes(routes!(reposts::create, reposts::remove));
    let public = OpenApiRouter::new()
        .routes(routes!(hashtags::trending))
        .routes(routes!(hashtags::posts));
    vec![
        Routes::api(Access::PublicReads, public_reads),
        Routes::api(Access::SignedIn, signed_in),
        Routes::api(Access::Public, public),
    ]
}
