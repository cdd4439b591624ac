//! Posts, comments, likes, bookmarks, reposts, hashtags, mentions.

mod admission;
mod attachments;
mod bookmarks;
mod commands;
mod comments;
mod context;
mod counts;
mod demo;
mod errors;
mod events;
mod hashtags;
mod jobs;
mod leaving;
mod likes;
mod lists;
mod migrations;
mod moderation;
mod names;
mod naming;
mod posts;
mod realtime;
mod reposts;
mod routes;
mod screening;
mod searchable;
mod sql;
mod target;
mod views;
mod visibility;

use futures::FutureExt as _;
use platform::{
    Domain,
    domain::PersonalData,
    jobs::JobKind,
    outbox::{DomainEvent as _, Subscription},
};

pub use context::{CommentContext, comment_context, post_text, readers_among};
pub use demo::seed as seed_demo;
pub use events::{
    CommentChanged, CommentCreated, CommentDeleted, CommentLiked, CommentUnliked, Mentioned, PostChanged,
    PostCreated, PostDeleted, PostLiked, PostReposted, PostUnliked,
};
pub use moderation::{Content, content, remove_comment, remove_post, restore_comment, restore_post};
pub use names::{Names, hashtag, names_in};
pub use screening::{Look, Screen, Written};
pub use searchable::{SearchablePost, searchable_posts, searchable_posts_after};
pub use target::Target;
pub use views::{
    CommentView, ImageView, MentionView, PostView, VideoView, comments_shown_to, posts_shown_to,
};
pub use visibility::{Visibility, bound, not_apart, visible, visible_comment};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "social",
        settings: Vec::new(),
        routes: routes::all,
        migrations: migrations::all,
        jobs: vec![JobKind::of::<jobs::RemoveReposts>()],
        schedules: Vec::new(),
        subscriptions: vec![
            Subscription {
                event: PostDeleted::NAME,
                subscriber: "social.reposts",
                handle: |app, event| jobs::post_deleted(app, event).boxed(),
            },
            Subscription {
                event: PostLiked::NAME,
                subscriber: "social.realtime",
                handle: |app, event| realtime::liked(app, event).boxed(),
            },
            Subscription {
                event: PostUnliked::NAME,
                subscriber: "social.realtime",
                handle: |app, event| realtime::unliked(app, event).boxed(),
            },
            Subscription {
                event: CommentCreated::NAME,
                subscriber: "social.realtime",
                handle: |app, event| realtime::commented(app, event).boxed(),
            },
            Subscription {
                event: CommentDeleted::NAME,
                subscriber: "social.realtime",
                handle: |app, event| realtime::uncommented(app, event).boxed(),
            },
        ],
        commands: commands::all(),
        steps: Vec::new(),
        personal_data: Some(PersonalData {
            export: |app, user| async move { Ok(leaving::export(app.db().reader(), user).await?) }.boxed(),
            remove_files: |app, user| async move { Ok(leaving::withdraw(&app, user).await?) }.boxed(),
            erase: |tx, user| leaving::erase(tx, user).boxed(),
        }),
    }
}
