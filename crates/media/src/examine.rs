//! Uploads are looked into before anything of them is stored: what they are is said by their content alone.

use std::{
    fs::File,
    io::{self, Cursor, Read as _, Seek as _},
    os::unix::fs::FileExt as _,
};

use bytes::Bytes;
use platform::{
    http::{Content, Upload},
    pictures,
};
use sha2::{Digest as _, Sha256};

use crate::{
    files::{self, FileKind},
    videos,
};

/// Largest picture that is taken, in bytes.
pub const LARGEST_IMAGE: u64 = 25 << 20;
/// Largest video that is taken, in bytes.
pub const LARGEST_VIDEO: u64 = 50 << 20;
/// Longest side of a stored picture, in pixels; larger ones are scaled down.
pub const LONGEST_SIDE: u32 = 2048;

const UNSUPPORTED: &str = "Unsupported video format.";
const TOO_LARGE: &str = "Video file is too large.";
const IMAGE_TOO_LARGE: &str = "Image file is too large.";
const UNREADABLE: &str = "The file could not be read. Please try again.";
/// The types of videos that are taken, and the extensions that they are stored with.
pub const VIDEO_TYPES: [(&str, &str); 2] = [("video/mp4", "mp4"), ("video/quicktime", "mov")];

/// A file that was examined and can be stored.
#[derive(Debug)]
pub struct NewFile {
    pub(crate) content: Content,
    pub(crate) kind: FileKind,
    pub(crate) mime: &'static str,
    /// Without a dot.
    pub(crate) extension: String,
    pub(crate) size: u64,
    /// SHA-256 in hexadecimal digits.
    pub(crate) checksum: String,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) duration: Option<f64>,
}

/// Makes of an upload a picture that can be stored: without metadata, upright, at most 2048 pixels long. The error is a
/// message for the client.
pub async fn examine_image(upload: Upload) -> Result<NewFile, String> {
    let examined = image(upload).await;
    examined.inspect_err(|_| files::count(FileKind::Image, "refused"))
}

pub async fn image(upload: Upload) -> Result<NewFile, String> {
    if length(&upload.content).map_err(|_| UNREADABLE)? > LARGEST_IMAGE {
        return Err(IMAGE_TOO_LARGE.to_owned());
    }
    let examined = pictures::examine(upload, LONGEST_SIDE).await?;
    let picture = examined.picture;
    let bytes = Bytes::from(picture.bytes);
    Ok(NewFile {
        kind: FileKind::Image,
        mime: picture.format.to_mime_type(),
        extension: examined.extension,
        size: bytes.len() as u64,
        checksum: hex::encode(Sha256::digest(&bytes)),
        width: Some(picture.width),
        height: Some(picture.height),
        duration: None,
        content: Content::Memory(bytes),
    })
}

/// Makes of an upload a video that can be stored: an ISO base media file (MP4, `QuickTime`), without metadata. The declared type
/// must be `video/mp4` or `video/quicktime`; without one the name must end in that of such a file. The error is a message for
/// the client.
pub async fn examine_video(upload: Upload) -> Result<NewFile, String> {
    let examined = video(upload).await;
    examined.inspect_err(|_| files::count(FileKind::Video, "refused"))
}

pub async fn video(upload: Upload) -> Result<NewFile, String> {
    let Some((mime, extension)) = video_type(upload.content_type.as_deref(), &upload.file_name) else {
        return Err(UNSUPPORTED.to_owned());
    };
    let work = tokio::task::spawn_blocking(move || examined_video(upload.content, mime, extension));
    match work.await {
        Ok(Ok(file)) => file.map_err(str::to_owned),
        Ok(Err(error)) => {
            tracing::error!(%error, "a video could not be read");
            Err(UNREADABLE.to_owned())
        }
        Err(panic) => {
            tracing::error!(%panic, "looking into a video panicked");
            Err(UNREADABLE.to_owned())
        }
    }
}

/// Makes of an upload whichever it is, a picture or a video. A type that says nothing counts as none.
pub async fn examine(upload: Upload) -> Result<NewFile, String> {
    match kind_of(&upload.content).map_err(|_| UNREADABLE)? {
        FileKind::Image => examine_image(upload).await,
        FileKind::Video => {
            let declared = upload.content_type;
            examine_video(Upload {
                content_type: declared.filter(|declared| declared != "application/octet-stream"),
                ..upload
            })
            .await
        }
    }
}

/// By the first bytes, which are read without moving the file's place.
fn kind_of(content: &Content) -> io::Result<FileKind> {
    let mut start = [0; videos::BRAND_END];
    let length = match content {
        Content::Memory(bytes) => (&bytes[..]).read(&mut start)?,
        Content::Disk(file) => file.read_at(&mut start, 0)?,
    };
    Ok(if videos::is_video(&start[..length]) {
        FileKind::Video
    } else {
        FileKind::Image
    })
}

fn video_type(declared: Option<&str>, file_name: &str) -> Option<(&'static str, &'static str)> {
    let declared = match declared {
        Some(declared) => declared.to_ascii_lowercase(),
        None => match pictures::name_of(file_name).1.to_ascii_lowercase().as_str() {
            "mp4" | "m4v" => "video/mp4".to_owned(),
            "mov" | "qt" => "video/quicktime".to_owned(),
            _ => return None,
        },
    };
    VIDEO_TYPES.into_iter().find(|(mime, _)| *mime == declared)
}

fn length(content: &Content) -> io::Result<u64> {
    match content {
        Content::Memory(bytes) => Ok(bytes.len() as u64),
        Content::Disk(file) => Ok(file.metadata()?.len()),
    }
}

fn examined_video(
    content: Content,
    mime: &'static str,
    extension: &str,
) -> io::Result<Result<NewFile, &'static str>> {
    let size = length(&content)?;
    if size > LARGEST_VIDEO {
        return Ok(Err(TOO_LARGE));
    }
    let (content, video, checksum) = match content {
        Content::Memory(bytes) => {
            let mut bytes = Vec::from(bytes);
            let video = videos::strip(&mut Cursor::new(&mut bytes), size)?;
            let checksum = hex::encode(Sha256::digest(&bytes));
            (Content::Memory(bytes.into()), video, checksum)
        }
        Content::Disk(mut file) => {
            let video = videos::strip(&mut file, size)?;
            let checksum = checksum_of(&mut file)?;
            (Content::Disk(file), video, checksum)
        }
    };
    let Some(video) = video else {
        return Ok(Err(UNSUPPORTED));
    };
    Ok(Ok(NewFile {
        content,
        kind: FileKind::Video,
        mime,
        extension: extension.to_owned(),
        size,
        checksum,
        width: video.size.map(|(width, _)| width),
        height: video.size.map(|(_, height)| height),
        duration: video.duration,
    }))
}

/// Of the whole file, which is left at its beginning.
pub fn checksum_of(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            break;
        }
        hash.update(&piece[..length]);
    }
    file.rewind()?;
    Ok(hex::encode(hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_count_and_names_stand_in_for_them() {
        let of = |declared: Option<&str>, name: &str| video_type(declared, name).map(|(mime, _)| mime);
        for (declared, name, expected) in [
            (Some("video/mp4"), "a.exe", Some("video/mp4")),
            (Some("VIDEO/QuickTime"), "", Some("video/quicktime")),
            (Some("video/webm"), "a.mp4", None),
            (Some(""), "a.mp4", None),
            (None, "a.MP4", Some("video/mp4")),
            (None, "folder/a.mov", Some("video/quicktime")),
            (None, "a.avi", None),
            (None, "mp4", None),
        ] {
            assert_eq!(of(declared, name), expected, "{declared:?} {name}");
        }
    }
}
