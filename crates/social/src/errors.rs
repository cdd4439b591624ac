//! What goes wrong, and how it is told.

use platform::http::ApiError;
use sea_orm::{DbErr, SqlErr};
use serde_json::{Map, Value, json};

use crate::Target;

/// Why something was refused.
#[derive(Debug, thiserror::Error)]
pub enum SocialError {
    /// There is no such post or comment that one may see.
    #[error("no such {0:?}")]
    Missing(Target),
    /// It is somebody else's.
    #[error("it is somebody else's")]
    NotYours,
    /// Fields of the request that do not fit what is stored.
    #[error("refused fields")]
    Fields(Map<String, Value>),
    /// A comment without words and pictures.
    #[error("Write a comment or attach a photo.")]
    EmptyComment,
    /// A reply to a comment of another post.
    #[error("Parent comment must belong to the same post")]
    ForeignParent,
    /// Only what everybody sees can be passed on.
    #[error("Only public posts can be passed on.")]
    NotPublic,
    /// What it refers to was deleted in this moment.
    #[error("it was deleted in this moment")]
    Gone,
    /// A file could not be stored.
    #[error(transparent)]
    Media(#[from] media::MediaError),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl SocialError {
    /// One message for one field.
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        let messages = json!([message.into()]);
        Self::Fields(Map::from_iter([(name.to_owned(), messages)]))
    }
}

impl From<DbErr> for SocialError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            // Accounts and files may go at any time.
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Self::Gone,
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<SocialError> for ApiError {
    fn from(error: SocialError) -> Self {
        let text = error.to_string();
        match error {
            SocialError::Missing(target) => Self::no_match(target.entity()),
            SocialError::NotYours => Self::forbidden(),
            SocialError::Fields(fields) => Self::fields(fields),
            SocialError::EmptyComment | SocialError::NotPublic => Self::object(text),
            SocialError::ForeignParent => Self::list(&[&text]),
            SocialError::Gone => Self::not_found(),
            SocialError::Media(error) => error.into(),
            SocialError::Internal(error) => error.into(),
        }
    }
}
