//! What people are told of.

/// A kind of notification; its word is the notification's `type`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
    serde::Serialize,
    serde::Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody likes one's post or comment.
    Like,
    /// Somebody commented on one's post.
    Comment,
    /// Somebody answered one's comment.
    Reply,
    /// Somebody named one in a post or comment.
    Mention,
    /// Somebody passed one's post on.
    Repost,
    /// Somebody follows one.
    Follow,
    /// A message has come.
    #[strum(serialize = "message:new")]
    Message,
    /// The moderators have decided something about one's account, or what one wrote.
    Moderation,
}

/// By which ways somebody is told of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// In the list of notifications.
    pub in_app: bool,
    /// By a push message.
    pub push: bool,
    /// By a mail of its own.
    pub email: bool,
}

impl Kind {
    /// The word.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What counts for whoever has not chosen. Mails only for what is rare and personal.
    pub fn default_ways(self) -> Ways {
        Ways {
            in_app: true,
            push: true,
            email: matches!(self, Self::Mention | Self::Follow),
        }
    }

    /// Whether it is in the list whatever somebody chooses: what the list is the only record of.
    pub fn is_always_listed(self) -> bool {
        matches!(self, Self::Message | Self::Moderation)
    }
}
