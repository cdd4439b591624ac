//! What this domain tells others. Each carries ids alone: whoever needs more reads it, as it is then.

use platform::{id::UserId, outbox::DomainEvent};
use serde::{Deserialize, Serialize};

/// A post was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostCreated {
    /// The post.
    pub post_id: i64,
    /// Whose post it is.
    pub author_id: UserId,
}

impl DomainEvent for PostCreated {
    const NAME: &'static str = "social.post_created";
}

/// A post's text, audience or standing changed; also when moderation took it away or gave it back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostChanged {
    /// The post.
    pub post_id: i64,
    /// Whose post it is.
    pub author_id: UserId,
}

impl DomainEvent for PostChanged {
    const NAME: &'static str = "social.post_changed";
}

/// A post is gone, with everything that hung on it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostDeleted {
    /// The post.
    pub post_id: i64,
    /// Whose post it is.
    pub author_id: UserId,
}

impl DomainEvent for PostDeleted {
    const NAME: &'static str = "social.post_deleted";
}

/// Somebody began to like a post.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostLiked {
    /// The post.
    pub post_id: i64,
    /// Whose post it is.
    pub author_id: UserId,
    /// Who likes it.
    pub user_id: UserId,
}

impl DomainEvent for PostLiked {
    const NAME: &'static str = "social.post_liked";
}

/// Somebody likes a post no longer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostUnliked {
    /// The post.
    pub post_id: i64,
    /// Whose post it is.
    pub author_id: UserId,
    /// Who liked it.
    pub user_id: UserId,
}

impl DomainEvent for PostUnliked {
    const NAME: &'static str = "social.post_unliked";
}

/// Somebody passed a post on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostReposted {
    /// The post.
    pub post_id: i64,
    /// Whose post it is.
    pub author_id: UserId,
    /// The post that passes it on.
    pub repost_id: i64,
    /// Who passed it on.
    pub user_id: UserId,
}

impl DomainEvent for PostReposted {
    const NAME: &'static str = "social.post_reposted";
}

/// A comment was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommentCreated {
    /// The comment.
    pub comment_id: i64,
    /// Of which post.
    pub post_id: i64,
    /// Whose comment it is.
    pub author_id: UserId,
}

impl DomainEvent for CommentCreated {
    const NAME: &'static str = "social.comment_created";
}

/// A comment's text or standing changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommentChanged {
    /// The comment.
    pub comment_id: i64,
    /// Of which post.
    pub post_id: i64,
    /// Whose comment it is.
    pub author_id: UserId,
}

impl DomainEvent for CommentChanged {
    const NAME: &'static str = "social.comment_changed";
}

/// A comment is gone, with its replies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommentDeleted {
    /// The comment.
    pub comment_id: i64,
    /// Of which post.
    pub post_id: i64,
    /// Whose comment it is.
    pub author_id: UserId,
}

impl DomainEvent for CommentDeleted {
    const NAME: &'static str = "social.comment_deleted";
}

/// Somebody began to like a comment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommentLiked {
    /// The comment.
    pub comment_id: i64,
    /// Of which post.
    pub post_id: i64,
    /// Whose comment it is.
    pub author_id: UserId,
    /// Who likes it.
    pub user_id: UserId,
}

impl DomainEvent for CommentLiked {
    const NAME: &'static str = "social.comment_liked";
}

/// Somebody likes a comment no longer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommentUnliked {
    /// The comment.
    pub comment_id: i64,
    /// Of which post.
    pub post_id: i64,
    /// Whose comment it is.
    pub author_id: UserId,
    /// Who liked it.
    pub user_id: UserId,
}

impl DomainEvent for CommentUnliked {
    const NAME: &'static str = "social.comment_unliked";
}

/// A post or a comment names people who were not named in it before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mentioned {
    /// The post.
    pub post_id: i64,
    /// The comment, unless it is the post itself.
    pub comment_id: Option<i64>,
    /// Who wrote it.
    pub author_id: UserId,
    /// Who is named; never the writer.
    pub user_ids: Vec<UserId>,
}

impl DomainEvent for Mentioned {
    const NAME: &'static str = "social.mentioned";
}
