//! Posts and comments as a viewer sees them, a page at a time: a fixed number of queries however many they are.

mod comments;
mod links;
mod posts;

pub use comments::{CommentView, comments_shown_to};
pub use links::{ImageView, MentionView, VideoView};
pub use posts::{PostView, posts_shown_to};
