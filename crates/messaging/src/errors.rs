//! What goes wrong, and how it is told.

use platform::http::ApiError;
use sea_orm::{DbErr, SqlErr};
use serde_json::{Map, json};

/// Why something was refused.
#[derive(Debug, thiserror::Error)]
pub enum MessagingError {
    /// There is no such thread.
    #[error("no such thread")]
    NoThread,
    /// There is no such message, or none in a thread of one's own.
    #[error("no such message")]
    NoMessage,
    /// Somebody else's thread.
    #[error("Not a member of this thread")]
    NotMember,
    /// Somebody else's message, or not one's own group.
    #[error("it is somebody else's")]
    NotYours,
    /// Sending where one of the two has blocked the other.
    #[error("Cannot send messages to this user.")]
    Blocked,
    /// Beginning a conversation where one of the two has blocked the other.
    #[error("Messaging is blocked between these users.")]
    Apart,
    /// Beginning a conversation with somebody who does not want any, or none from strangers.
    #[error("This user does not accept new conversations from you.")]
    Unwanted,
    /// A direct thread with nobody.
    #[error("user_id is required")]
    NobodyGiven,
    /// A direct thread with somebody who does not exist.
    #[error("Target user not found")]
    NoTarget,
    /// A direct thread with oneself.
    #[error("Cannot start a direct thread with yourself")]
    Oneself,
    /// A thread of oneself alone.
    #[error("Add at least one participant besides yourself.")]
    Alone,
    /// A field of a message that does not fit what is stored.
    #[error("{0}: {1}")]
    Field(&'static str, String),
    /// A file of a message.
    #[error("{0}")]
    Attachment(String),
    /// Something else of the request.
    #[error("{0}")]
    Invalid(&'static str),
    /// What it refers to was deleted in this moment.
    #[error("it was deleted in this moment")]
    Gone,
    /// A file could not be stored.
    #[error(transparent)]
    Media(#[from] media::MediaError),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<DbErr> for MessagingError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            // Accounts and files may go at any time.
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Self::Gone,
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<MessagingError> for ApiError {
    fn from(error: MessagingError) -> Self {
        let text = error.to_string();
        match error {
            MessagingError::NoThread => Self::no_match("Thread"),
            MessagingError::NoMessage => Self::no_match("Message"),
            MessagingError::NotMember
            | MessagingError::Blocked
            | MessagingError::Apart
            | MessagingError::Unwanted => Self::forbidden_because(&text),
            MessagingError::NotYours => Self::forbidden(),
            MessagingError::NobodyGiven | MessagingError::Oneself | MessagingError::Invalid(_) => {
                Self::bad_request(text)
            }
            MessagingError::Alone => Self::field("participant_ids", text),
            MessagingError::NoTarget => Self::not_found_as(&text),
            MessagingError::Field(name, message) => {
                Self::fields_in_detail(Map::from_iter([(name.to_owned(), json!([message]))]))
            }
            MessagingError::Attachment(message) => Self::list_in_detail(&message),
            MessagingError::Gone => Self::not_found(),
            MessagingError::Media(error) => error.into(),
            MessagingError::Internal(error) => error.into(),
        }
    }
}
