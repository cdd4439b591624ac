//! What this domain tells its own jobs.

use platform::outbox::DomainEvent;
use serde::{Deserialize, Serialize};

/// A picture was stored that smaller copies are wanted of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PictureStored {
    pub file_id: i64,
}

impl DomainEvent for PictureStored {
    const NAME: &'static str = "media.picture_stored";
}

/// Nothing refers to these files any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FilesReleased {
    pub file_ids: Vec<i64>,
}

impl DomainEvent for FilesReleased {
    const NAME: &'static str = "media.files_released";
}

/// What was sent to this place of the storage is not needed there any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UploadDone {
    pub key: String,
}

impl DomainEvent for UploadDone {
    const NAME: &'static str = "media.upload_done";
}
