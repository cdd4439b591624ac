//! What can go wrong with media.

use platform::{http::ApiError, storage::StorageError};
use sea_orm::DbErr;

/// Why a request about media failed.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// There is no such record, or it is somebody else's.
    #[error("No MediaAsset matches the given query.")]
    NoSuchAsset,
    /// There is no such upload, it is somebody else's, or its time is over.
    #[error("No Upload matches the given query.")]
    NoSuchUpload,
    /// The account is being deleted.
    #[error("No User matches the given query.")]
    NoSuchOwner,
    /// Too many uploads of the account are open.
    #[error("Too many uploads are open: finish or wait for some of the {0} first.")]
    TooManyUploads(i64),
    /// The file of the upload was not sent yet, or not wholly.
    #[error("The file has not been uploaded yet.")]
    NotUploaded,
    /// What was sent is longer than declared.
    #[error("The file is larger than the {0} bytes that were declared.")]
    LargerThanDeclared(i64),
    /// The connection ended before the file did.
    #[error("The request body ended before its declared length.")]
    CutShort,
    /// The storage failed, or takes too long.
    #[error("the storage failed: {0}")]
    Storage(anyhow::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl From<StorageError> for MediaError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Source(_) => Self::CutShort,
            error => Self::Storage(error.into()),
        }
    }
}

impl From<MediaError> for ApiError {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::NoSuchAsset => Self::no_match("MediaAsset"),
            MediaError::NoSuchUpload => Self::no_match("Upload"),
            MediaError::NoSuchOwner => Self::no_match("User"),
            MediaError::TooManyUploads(_)
            | MediaError::NotUploaded
            | MediaError::CutShort
            | MediaError::LargerThanDeclared(_) => Self::bad_request(error.to_string()),
            MediaError::Storage(cause) => {
                tracing::error!("the storage failed: {cause:#}");
                Self::unavailable("Files cannot be stored at the moment. Please try again later.")
            }
            MediaError::Database(error) => error.into(),
        }
    }
}
