//! Files of conversations, which are taken whatever they are: what is understood is cleaned as everywhere, the rest is kept as it
//! was sent, and given a name by which it is served as nothing that runs.

use std::io;

use platform::http::{Content, Upload};
use sha2::{Digest as _, Sha256};

use crate::{
    examine::{self, NewFile},
    files::FileKind,
};

/// What may be shown without having been understood, by its declared type; everything else can only be saved.
const SHOWN: [(&str, &str); 9] = [
    ("image/avif", "avif"),
    ("image/gif", "gif"),
    ("image/heic", "heic"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/webp", "webp"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/webm", "webm"),
];
const UNKNOWN: (&str, &str) = ("application/octet-stream", "bin");
const UNREADABLE: &str = "The file could not be read. Please try again.";

/// Makes of an upload a file that can be stored: a picture or video without its metadata where it can be read as one, else
/// the bytes as they came. The error is a message for the client.
pub async fn examine_or_keep(upload: Upload, kind: FileKind) -> Result<NewFile, String> {
    let copy = Upload {
        // What a picture is called says nothing: else one called otherwise would keep its metadata.
        file_name: "picture.jpg".to_owned(),
        content_type: upload.content_type.clone(),
        content: again(&upload.content).map_err(|error| unreadable(&error))?,
    };
    let examined = match kind {
        FileKind::Image => examine::image(copy).await,
        FileKind::Video => examine::video(copy).await,
    };
    if let Ok(file) = examined {
        return Ok(file);
    }
    let kept = tokio::task::spawn_blocking(move || keep(upload, kind)).await;
    kept.unwrap_or_else(|panic| Err(io::Error::other(panic)))
        .map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> String {
    tracing::error!(%error, "an uploaded file could not be read");
    UNREADABLE.to_owned()
}

/// The same content once more; of a file on disk another handle.
fn again(content: &Content) -> io::Result<Content> {
    Ok(match content {
        Content::Memory(bytes) => Content::Memory(bytes.clone()),
        Content::Disk(file) => Content::Disk(file.try_clone()?),
    })
}

fn keep(upload: Upload, kind: FileKind) -> io::Result<NewFile> {
    let declared = upload.content_type.unwrap_or_default();
    let shown = SHOWN.into_iter().find(|(mime, _)| *mime == declared);
    let (mime, extension) = shown.unwrap_or(UNKNOWN);
    let (size, checksum, content) = match upload.content {
        Content::Memory(bytes) => {
            let checksum = hex::encode(Sha256::digest(&bytes));
            (bytes.len() as u64, checksum, Content::Memory(bytes))
        }
        Content::Disk(mut file) => {
            let checksum = examine::checksum_of(&mut file)?;
            (file.metadata()?.len(), checksum, Content::Disk(file))
        }
    };
    Ok(NewFile {
        content,
        kind,
        mime,
        extension: extension.to_owned(),
        size,
        checksum,
        width: None,
        height: None,
        duration: None,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    async fn kept(declared: &str, kind: FileKind) -> NewFile {
        let upload = Upload {
            file_name: "../x.svg".to_owned(),
            content_type: Some(declared.to_owned()),
            content: Content::Memory(Bytes::from_static(b"<svg onload=alert(1)>")),
        };
        examine_or_keep(upload, kind).await.expect("is kept")
    }

    #[tokio::test]
    async fn what_is_not_understood_gets_a_harmless_name() {
        for (declared, kind, extension) in [
            ("image/png", FileKind::Image, "png"),
            ("image/svg+xml", FileKind::Image, "bin"),
            ("image/x1", FileKind::Image, "bin"),
            ("video/mp4", FileKind::Video, "mp4"),
            ("video/html", FileKind::Video, "bin"),
        ] {
            let file = kept(declared, kind).await;
            assert_eq!(
                (file.extension.as_str(), file.size),
                (extension, 21),
                "{declared}"
            );
        }
    }
}
