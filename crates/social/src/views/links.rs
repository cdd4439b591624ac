//! What hangs on a page of posts or comments: files, records of media, hashtags, people mentioned.

use std::collections::HashMap;

use media::{AssetView, FileKind, StoredFile};
use platform::{App, db::list_of, http::Origin};
use sea_orm::DbErr;
use serde::Serialize;
use utoipa::ToSchema;

use crate::sql;

/// A picture of a post or a comment.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PostImage)]
pub struct ImageView {
    pub id: i64,
    /// An absolute URL.
    pub url: String,
    /// From 0.
    pub order: i64,
}

/// The video of a post.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PostVideo)]
pub struct VideoView {
    pub id: i64,
    /// An absolute URL.
    pub url: String,
    #[schema(required = true)]
    pub thumbnail_url: Option<String>,
    /// In seconds.
    #[schema(required = true)]
    pub duration: Option<f64>,
    /// In pixels.
    #[schema(required = true)]
    pub width: Option<i64>,
    #[schema(required = true)]
    pub height: Option<i64>,
    pub mime_type: String,
}

/// Somebody named in a text.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Mention)]
pub struct MentionView {
    pub id: i64,
    pub handle: String,
}

/// What hangs on posts or comments, by their ids.
#[derive(Default)]
pub struct Links {
    images: HashMap<i64, Vec<ImageView>>,
    videos: HashMap<i64, VideoView>,
    assets: HashMap<i64, Vec<AssetView>>,
    hashtags: HashMap<i64, Vec<String>>,
    mentions: HashMap<i64, Vec<MentionView>>,
}

fn of<T: Clone>(links: &HashMap<i64, Vec<T>>, id: i64) -> Vec<T> {
    links.get(&id).cloned().unwrap_or_default()
}

impl Links {
    pub fn images(&self, id: i64) -> Vec<ImageView> {
        of(&self.images, id)
    }

    pub fn video(&self, id: i64) -> Option<VideoView> {
        self.videos.get(&id).cloned()
    }

    pub fn assets(&self, id: i64) -> Vec<AssetView> {
        of(&self.assets, id)
    }

    pub fn hashtags(&self, id: i64) -> Vec<String> {
        of(&self.hashtags, id)
    }

    pub fn mentions(&self, id: i64) -> Vec<MentionView> {
        of(&self.mentions, id)
    }
}

/// What hangs on these posts.
pub async fn links_of_posts(app: &App, origin: &Origin, ids: &[i64]) -> Result<Links, DbErr> {
    let list = app.db().engine().list("$1");
    let query = format!(
        "SELECT 0, post_id, position, file_id, '' FROM post_files WHERE post_id IN {list} \
         UNION ALL SELECT 1, post_id, position, asset_id, '' FROM post_assets WHERE post_id IN {list} \
         UNION ALL SELECT 2, post_id, 0, 0, tag FROM post_hashtags WHERE post_id IN {list} \
         UNION ALL SELECT 3, m.post_id, 0, u.id, u.handle FROM post_mentions m JOIN users u ON u.id = m.user_id \
         WHERE m.post_id IN {list} ORDER BY 1, 2, 3, 5"
    );
    collect(app, origin, query, ids).await
}

/// What hangs on these comments.
pub async fn links_of_comments(app: &App, origin: &Origin, ids: &[i64]) -> Result<Links, DbErr> {
    let list = app.db().engine().list("$1");
    let query = format!(
        "SELECT 0, comment_id, position, file_id, '' FROM comment_files WHERE comment_id IN {list} \
         UNION ALL SELECT 3, m.comment_id, 0, u.id, u.handle FROM comment_mentions m \
         JOIN users u ON u.id = m.user_id WHERE m.comment_id IN {list} ORDER BY 1, 2, 3, 5"
    );
    collect(app, origin, query, ids).await
}

async fn collect(app: &App, origin: &Origin, query: String, ids: &[i64]) -> Result<Links, DbErr> {
    let on = app.db().reader();
    let (mut links, mut files, mut assets) = (Links::default(), Vec::new(), Vec::new());
    for row in &sql::rows(on, query, [list_of(ids)]).await? {
        let (kind, of): (i32, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let (position, id): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let name: String = row.try_get_by_index(4)?;
        match kind {
            0 => files.push((of, position, id)),
            1 => assets.push((of, id)),
            2 => links.hashtags.entry(of).or_default().push(name),
            _ => {
                let mention = MentionView { id, handle: name };
                links.mentions.entry(of).or_default().push(mention);
            }
        }
    }
    let file_ids: Vec<i64> = files.iter().map(|(_, _, id)| *id).collect();
    let asset_ids: Vec<i64> = assets.iter().map(|(_, id)| *id).collect();
    let (stored, records) = tokio::try_join!(
        media::files(on, &file_ids),
        media::assets(app, origin, &asset_ids)
    )?;
    for (of, order, id) in files {
        let Some(file) = stored.get(&id) else { continue };
        let url = media::url(app, origin, &file.key).await;
        match file.kind {
            FileKind::Image => links
                .images
                .entry(of)
                .or_default()
                .push(ImageView { id, url, order }),
            FileKind::Video => {
                let video = video(app, origin, file, url).await;
                links.videos.insert(of, video);
            }
        }
    }
    for (of, id) in assets {
        links
            .assets
            .entry(of)
            .or_default()
            .extend(records.get(&id).cloned());
    }
    Ok(links)
}

async fn video(app: &App, origin: &Origin, file: &StoredFile, url: String) -> VideoView {
    let thumbnail_url = match &file.thumbnail_key {
        Some(key) => Some(media::url(app, origin, key).await),
        None => None,
    };
    VideoView {
        id: file.id,
        url,
        thumbnail_url,
        duration: file.duration,
        width: file.width,
        height: file.height,
        mime_type: file.mime.clone(),
    }
}
