//! Where clients fetch files.

use platform::{App, http::Origin};
use serde::Serialize;
use utoipa::ToSchema;

use crate::files::{FileKind, StoredFile};

/// The absolute URL of a file in the storage, as the client can fetch it.
pub async fn url(app: &App, origin: &Origin, key: &str) -> String {
    origin.absolute(app.storage().url(key).await)
}

/// The absolute URLs of a file. For a size of which there is no smaller copy (yet) stands the next larger one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileUrls {
    /// The whole picture, at most 2048 pixels long, or the video.
    pub full: String,
    /// At most 1080 pixels long, once it is made. Of pictures only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// At most 320 pixels long, once it is made. Of pictures only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub small: Option<String>,
}

/// The URLs of a stored file and its renditions.
pub async fn urls(app: &App, origin: &Origin, file: &StoredFile) -> FileUrls {
    let full = url(app, origin, &file.key).await;
    if file.kind == FileKind::Video {
        return FileUrls {
            full,
            medium: None,
            small: None,
        };
    }
    let key_of = |name: &str| file.renditions.iter().find(|rendition| rendition.name == name);
    let medium = match key_of("medium") {
        Some(rendition) => url(app, origin, &rendition.key).await,
        None => full.clone(),
    };
    let small = match key_of("small") {
        Some(rendition) => url(app, origin, &rendition.key).await,
        None => medium.clone(),
    };
    FileUrls {
        full,
        medium: Some(medium),
        small: Some(small),
    }
}
