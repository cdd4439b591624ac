//! What the indexes hold of accounts and posts.

use identity::SearchableUser;
use platform::http::Timestamp;
use serde_json::{Value, json};
use social::SearchablePost;

use crate::fold::fold;

/// Handle and name of an account as the databases search them.
pub fn names(user: &SearchableUser) -> String {
    without_nul(fold(&format!("{}\n{}", user.handle, user.name)))
}

/// Its biography as the databases search it.
pub fn bio(user: &SearchableUser) -> String {
    without_nul(fold(&user.bio))
}

/// The text of a post as the databases search it.
pub fn text(post: &SearchablePost) -> String {
    without_nul(fold(&post.text))
}

/// Nobody can search for it, and SQLite's index would end there.
fn without_nul(mut text: String) -> String {
    text.retain(|character| character != '\0');
    text
}

/// An account as OpenSearch holds it.
pub fn of_user(user: &SearchableUser) -> Value {
    json!({
        "id": user.id.0,
        "name": user.name,
        "handle": user.handle,
        "bio": user.bio,
        "locale": user.locale,
        "created_at": Timestamp(user.created_at),
    })
}

/// A post as OpenSearch holds it.
pub fn of_post(post: &SearchablePost) -> Value {
    json!({
        "id": post.id,
        "text": post.text,
        "author_id": post.author.0,
        "visibility": post.visibility,
        "language": post.language,
        "created_at": Timestamp(post.created_at),
    })
}
