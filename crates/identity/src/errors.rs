//! What can be wrong with accounts, and how clients are told.

use platform::{db::violates_unique, http::ApiError, storage::StorageError};
use sea_orm::{DbErr, SqlErr};

use crate::second_factor::FactorError;

/// What can be wrong with a request about accounts.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Another account has the address.
    #[error("user with this email already exists.")]
    EmailTaken,
    /// Another account has the handle as it was sent.
    #[error("user with this handle already exists.")]
    HandleTaken,
    /// Another account has what the handle becomes.
    #[error("Handle is already taken.")]
    NormalisedHandleTaken,
    /// Nothing of the handle is left.
    #[error("Handle must contain letters or numbers.")]
    HandleEmpty,
    /// No such account, wrong password or deactivated: the same to the client.
    #[error("Invalid credentials")]
    InvalidCredentials,
    /// Moderators have suspended the account: for how long and why, to whoever has shown to be its owner.
    #[error("{0}")]
    Suspended(String),
    /// The password that confirms a change was not sent; names the field that it belongs in.
    #[error("This field is required.")]
    PasswordMissing(&'static str),
    /// The password that confirms a change is wrong; names the field that it was sent in.
    #[error("The password is not right.")]
    WrongPassword(&'static str),
    /// Too many wrong passwords or too many mails; the seconds until another fits.
    #[error("too many requests, try again in {0} s")]
    TooManyAttempts(u64),
    /// The token of a mail is unknown, used or expired.
    #[error("This link is invalid or has expired.")]
    InvalidToken,
    /// The refresh token is not ours, has ended, or its account has.
    #[error("Token is invalid or expired")]
    InvalidRefreshToken,
    /// An access token was presented.
    #[error("Token has wrong type")]
    WrongTokenType,
    /// The refresh token was exchanged before.
    #[error("Token is blacklisted")]
    UsedRefreshToken,
    /// There is no such user.
    #[error("No User matches the given query.")]
    NoSuchUser,
    /// The handle is missing or not the account's.
    #[error("Type your handle to confirm.")]
    HandleNotConfirmed,
    /// One cannot follow oneself.
    #[error("Cannot follow yourself")]
    OwnFollow,
    /// One cannot block oneself.
    #[error("Cannot block yourself")]
    OwnBlock,
    /// One cannot mute oneself.
    #[error("Cannot mute yourself")]
    OwnMute,
    /// The storage of files failed.
    #[error("Files cannot be stored at the moment. Please try again later.")]
    Storage(#[from] StorageError),
    /// The second factor is wrong.
    #[error(transparent)]
    Factor(#[from] FactorError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// Something else failed.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let text = error.to_string();
        match error {
            AccountError::EmailTaken => Self::field("email", text),
            AccountError::HandleTaken
            | AccountError::NormalisedHandleTaken
            | AccountError::HandleEmpty
            | AccountError::HandleNotConfirmed => Self::field("handle", text),
            AccountError::InvalidCredentials => Self::object(text),
            AccountError::Suspended(sentence) => Self::account_suspended(&sentence),
            AccountError::PasswordMissing(field) | AccountError::WrongPassword(field) => {
                Self::field(field, text)
            }
            AccountError::TooManyAttempts(seconds) => Self::throttled(seconds),
            AccountError::InvalidToken => Self::field("token", text),
            AccountError::InvalidRefreshToken
            | AccountError::WrongTokenType
            | AccountError::UsedRefreshToken => Self::unauthorized_code(&text, "token_not_valid"),
            AccountError::NoSuchUser => Self::no_match("User"),
            AccountError::OwnFollow | AccountError::OwnBlock | AccountError::OwnMute => {
                Self::bad_request(text)
            }
            AccountError::Storage(error) => {
                tracing::error!(%error, "a file could not be stored");
                Self::unavailable(&text)
            }
            AccountError::Factor(error) => error.into(),
            AccountError::Database(error) => error.into(),
            AccountError::Internal(error) => error.into(),
        }
    }
}

/// What a unique index refused.
pub fn taken(error: DbErr) -> AccountError {
    if violates_unique(&error, "user_pii", "email_key") {
        AccountError::EmailTaken
    } else if violates_unique(&error, "users", "handle") {
        AccountError::HandleTaken
    } else {
        error.into()
    }
}

/// What a foreign key refused: the account was deleted since it was looked up.
pub fn gone(error: DbErr) -> AccountError {
    match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => AccountError::NoSuchUser,
        _ => error.into(),
    }
}
