//! Files of messages: taken by the type that their sender declares, stored before the transaction that refers to them.

use media::{FileKind, LARGEST_VIDEO};
use platform::{
    App,
    db::Tx,
    http::{Fields, FileField, Upload},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{errors::MessagingError, sql};

/// Most pictures of a message.
const MOST_IMAGES: usize = 4;
/// Most files of a field that are looked at; beyond, there are too many anyway.
const MOST_LOOKED_AT: usize = 10;
/// Longest type of a file, in characters.
const LONGEST_MIME: usize = 128;

/// The files.
pub const ATTACHMENTS: FileField = FileField::several("attachments", LARGEST_VIDEO, MOST_LOOKED_AT);
/// Pictures, if nothing is sent as `attachments`.
pub const IMAGES: FileField = FileField::several("images", LARGEST_VIDEO, MOST_LOOKED_AT);
/// A video, if nothing is sent as `attachments`.
pub const VIDEO: FileField = FileField::several("video", LARGEST_VIDEO, MOST_LOOKED_AT);

/// A file that was sent with a message.
#[derive(Debug)]
pub struct Sent {
    kind: FileKind,
    mime_type: String,
    upload: Upload,
}

/// A file that is in the storage.
#[derive(Debug)]
pub struct Stored {
    file_id: i64,
    kind: &'static str,
    mime_type: String,
}

/// The files of a body, or what is wrong with them. Anything else in their place counts as nothing.
pub fn read(fields: &mut Fields) -> Result<Vec<Sent>, &'static str> {
    let wanted: &[FileField] = if fields.has_file(ATTACHMENTS) {
        &[ATTACHMENTS]
    } else {
        &[IMAGES, VIDEO]
    };
    let (mut uploads, mut count) = (Vec::new(), 0);
    for field in wanted {
        if fields.has_file(*field) {
            let files = fields.files(*field);
            count += files.count;
            uploads.extend(files.uploads.into_iter().map(|(_, upload)| upload));
        }
    }
    let sent = uploads.into_iter().map(sent).collect::<Option<Vec<_>>>();
    let sent = sent.ok_or("Unsupported attachment type.")?;
    let videos = sent.iter().filter(|sent| sent.kind == FileKind::Video).count();
    if videos > 0 && videos < sent.len() {
        return Err("Cannot mix images and videos in the same message.");
    }
    if videos == 0 && count > MOST_IMAGES {
        return Err("You can attach up to 4 images per message.");
    }
    if videos > 0 && count > 1 {
        return Err("Only one video can be attached per message.");
    }
    Ok(sent)
}

fn sent(upload: Upload) -> Option<Sent> {
    let mime_type = upload.content_type.clone()?;
    let kind = match mime_type.split_once('/')?.0 {
        "image" => FileKind::Image,
        "video" => FileKind::Video,
        _ => return None,
    };
    (mime_type.chars().count() <= LONGEST_MIME).then_some(Sent {
        kind,
        mime_type,
        upload,
    })
}

/// Stores files; what nothing refers to in the end is removed after a day.
pub async fn store(app: &App, owner: UserId, files: Vec<Sent>) -> Result<Vec<Stored>, MessagingError> {
    let mut stored = Vec::with_capacity(files.len());
    for Sent {
        kind,
        mime_type,
        upload,
    } in files
    {
        let file = media::examine_or_keep(upload, kind)
            .await
            .map_err(MessagingError::Attachment)?;
        let file = media::store(app, owner, "messages/attachments/", file).await?;
        stored.push(Stored {
            file_id: file.id,
            kind: match kind {
                FileKind::Image => "image",
                FileKind::Video => "video",
            },
            mime_type,
        });
    }
    Ok(stored)
}

/// Hangs stored files on a message.
pub async fn attach(tx: &Tx, owner: UserId, message_id: i64, stored: &[Stored]) -> Result<(), DbErr> {
    let ids: Vec<i64> = stored.iter().map(|file| file.file_id).collect();
    media::attach(tx, owner, &ids).await?;
    let text = "INSERT INTO message_attachments (message_id, position, file_id, kind, mime_type) VALUES ($1, $2, $3, $4, $5)";
    for (position, file) in (0_i64..).zip(stored) {
        let values = [
            message_id.into(),
            position.into(),
            file.file_id.into(),
            file.kind.into(),
            file.mime_type.as_str().into(),
        ];
        sql::execute(tx, text, values).await?;
    }
    Ok(())
}

/// The files of messages that a condition on messages `m` finds; `$1` is `value`.
pub async fn of(
    on: &impl ConnectionTrait,
    condition: &str,
    value: sea_orm::Value,
) -> Result<Vec<i64>, DbErr> {
    let text = format!(
        "SELECT a.file_id FROM messages m JOIN message_attachments a ON a.message_id = m.id WHERE {condition}"
    );
    sql::ids(on, text, [value]).await
}
