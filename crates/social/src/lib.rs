//! Posts, comments, likes, bookmarks, reposts, hashtags, mentions.

mod context;
mod events;
mod migrations;
mod posts;
mod routes;
mod views;
mod visibility;

use platform::Domain;

pub use context::{CommentContext, comment_context, post_text, readers_among};
pub use events::{
    CommentChanged, CommentCreated, CommentDeleted, CommentLiked, CommentUnliked, Mentioned, PostChanged,
    PostCreated, PostDeleted, PostLiked, PostReposted, PostUnliked,
};
pub use views::{ImageView, PostView, VideoView, posts_shown_to};
pub use visibility::{not_apart, visible};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "social",
        settings: Vec::new(),
        routes: routes::all,
        migrations: migrations::all,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: Vec::new(),
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    }
}
