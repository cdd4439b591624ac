//! What likes, gifts and reports are about: a post or a comment.

/// What kind of thing an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Target {
    /// A post.
    Post,
    /// A comment.
    Comment,
}

impl Target {
    /// Its name in messages.
    pub fn entity(self) -> &'static str {
        match self {
            Self::Post => "Post",
            Self::Comment => "Comment",
        }
    }

    /// Its table.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Post => "posts",
            Self::Comment => "comments",
        }
    }

    /// The prefix of the tables of what hangs on it, and of their column that refers to it.
    pub(crate) fn stem(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
        }
    }
}
