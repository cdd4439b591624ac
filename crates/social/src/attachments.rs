//! Files of posts and comments: read from a body, examined, stored before the transaction that refers to them.

use media::{LARGEST_IMAGE, LARGEST_VIDEO, NewFile};
use platform::{
    App,
    db::Tx,
    http::{Fields, FileField, Upload},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::{Target, errors::SocialError, sql};

/// Most pictures of a post or a comment.
const MOST_IMAGES: usize = 4;
/// Most records of media of a post.
pub const MOST_ASSETS: usize = 100;

/// The pictures.
pub const IMAGES: FileField =
    FileField::several("images_upload", LARGEST_IMAGE, MOST_IMAGES).or_called(&["images"]);
/// The video.
pub const VIDEO: FileField = FileField::one("video_upload", LARGEST_VIDEO)
    .or_called(&["video"])
    .too_large("video", "Video file is too large.");

/// Files of a body: as they were sent until they are examined, then as they can be stored.
#[derive(Default)]
pub struct Files {
    sent_images: Vec<(usize, Upload)>,
    sent_video: Option<Upload>,
    images: Vec<NewFile>,
    video: Option<NewFile>,
    were_sent: bool,
}

impl Files {
    /// The pictures of a comment.
    pub fn read_images(fields: &mut Fields) -> Self {
        let sent = fields.files(IMAGES);
        let mut files = Self {
            were_sent: sent.count > 0,
            ..Self::default()
        };
        if sent.count > MOST_IMAGES {
            fields.refuse::<()>("images", "You can upload up to 4 images.");
        } else {
            files.sent_images = sent.uploads;
        }
        files
    }

    /// The pictures or the video of a post.
    pub fn read(fields: &mut Fields) -> Self {
        let files = Self::read_images(fields);
        let video = fields.nullable_file(VIDEO).flatten();
        if video.is_some() && files.were_sent {
            let message = "Choose either a video or images for a post in this version.";
            fields.refuse::<()>("video", message);
            return Self {
                were_sent: true,
                ..Self::default()
            };
        }
        Self {
            were_sent: files.were_sent || video.is_some(),
            sent_video: video,
            ..files
        }
    }

    /// Whether any were sent, good or bad.
    pub fn were_sent(&self) -> bool {
        self.were_sent
    }

    /// Looks into the files; what is wrong with them is noted.
    pub async fn examine(&mut self, fields: &mut Fields) {
        for (index, upload) in std::mem::take(&mut self.sent_images) {
            match media::examine_image(upload).await {
                Ok(file) => self.images.push(file),
                Err(message) => fields.refuse_item(IMAGES.name, index, &message),
            }
        }
        if let Some(upload) = self.sent_video.take() {
            match media::examine_video(upload).await {
                Ok(file) => self.video = Some(file),
                Err(message) => fields.refuse("video", &message),
            }
        }
    }
}

/// Files that are in the storage, in their order.
#[derive(Default)]
pub struct Stored {
    ids: Vec<i64>,
    pub has_video: bool,
}

/// Stores files below a folder; what nothing refers to in the end is removed after a day.
pub async fn store(app: &App, owner: UserId, folder: &str, files: Files) -> Result<Stored, SocialError> {
    let mut stored = Stored {
        has_video: files.video.is_some(),
        ..Stored::default()
    };
    for image in files.images {
        let file = media::store(app, owner, &format!("{folder}/images/"), image).await?;
        stored.ids.push(file.id);
    }
    if let Some(video) = files.video {
        let file = media::store(app, owner, &format!("{folder}/videos/"), video).await?;
        stored.ids.push(file.id);
    }
    Ok(stored)
}

/// Hangs stored files on a post or a comment.
pub async fn attach(
    tx: &Tx,
    owner: UserId,
    (target, id): (Target, i64),
    stored: &Stored,
) -> Result<(), DbErr> {
    media::attach(tx, owner, &stored.ids).await?;
    let stem = target.stem();
    let text = format!("INSERT INTO {stem}_files ({stem}_id, position, file_id) VALUES ($1, $2, $3)");
    for (position, file) in (0_i64..).zip(&stored.ids) {
        let values = [id.into(), position.into(), (*file).into()];
        sql::execute(tx, text.as_str(), values).await?;
    }
    Ok(())
}

/// Hangs those records of media on a post that are its author's.
pub async fn attach_assets(tx: &Tx, owner: UserId, post_id: i64, wanted: &[i64]) -> Result<(), DbErr> {
    if wanted.is_empty() {
        return Ok(());
    }
    let own = media::own_assets(tx, owner, wanted).await?;
    let mut attached = Vec::new();
    for id in wanted.iter().filter(|id| own.contains(id)) {
        if !attached.contains(id) {
            attached.push(*id);
        }
    }
    let text = "INSERT INTO post_assets (post_id, position, asset_id) VALUES ($1, $2, $3)";
    for (position, asset) in (0_i64..).zip(attached) {
        sql::execute(tx, text, [post_id.into(), position.into(), asset.into()]).await?;
    }
    Ok(())
}

/// Whether any file hangs on it.
pub async fn exist(on: &impl ConnectionTrait, target: Target, id: i64) -> Result<bool, DbErr> {
    let stem = target.stem();
    let query = format!("SELECT 1 FROM {stem}_files WHERE {stem}_id = $1 LIMIT 1");
    Ok(sql::row(on, query, [id.into()]).await?.is_some())
}

/// The files that a query finds.
pub fn ids(rows: &[QueryResult]) -> Result<Vec<i64>, DbErr> {
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
