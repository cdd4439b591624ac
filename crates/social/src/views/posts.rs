//! Posts.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use identity::UserView;
use media::AssetView;
use platform::{
    App,
    db::list_of,
    http::{Origin, Timestamp, Viewer},
    id::UserId,
};
use sea_orm::{DbErr, QueryResult};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::links::{ImageView, Links, MentionView, VideoView, links_of_posts};
use crate::{
    sql,
    visibility::{id_of, visible},
};

/// A post.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Post)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something else of the viewer"
)]
pub struct PostView {
    pub id: i64,
    pub author: UserView,
    pub text: String,
    /// `public`, `followers` or `private`.
    pub visibility: String,
    pub language: String,
    #[schema(value_type = Vec<Object>)]
    pub media: Vec<AssetView>,
    pub images: Vec<ImageView>,
    /// The URLs of `images`, in their order.
    pub image_urls: Vec<String>,
    #[schema(required = true)]
    pub video: Option<VideoView>,
    pub like_count: i64,
    pub comment_count: i64,
    /// How often it was passed on, with or without words.
    pub repost_count: i64,
    /// Whether the viewer likes it.
    pub liked: bool,
    pub viewer_has_liked: bool,
    /// Whether the viewer has kept it.
    pub bookmarked: bool,
    /// Whether the viewer has passed it on without words.
    pub reposted: bool,
    /// The post that this one passes on, with `repost_of` null in turn; null if it is none, or the viewer may not see it.
    #[schema(required = true, value_type = Option<Object>)]
    pub repost_of: Option<Box<PostView>>,
    /// Without `#`, in lower case.
    pub hashtags: Vec<String>,
    /// Who is named in the text.
    pub mentions: Vec<MentionView>,
    pub is_edited: bool,
    /// When its text was last changed.
    #[schema(required = true)]
    pub edited_at: Option<Timestamp>,
    /// The newest five gifts.
    #[schema(value_type = Vec<Object>)]
    pub recent_gifts: Vec<Value>,
    /// How many of each gift type, by its id.
    #[schema(value_type = Object)]
    pub gift_counts: Map<String, Value>,
    pub created_at: Timestamp,
}

#[derive(Clone)]
struct Row {
    id: i64,
    author: UserId,
    text: String,
    visibility: String,
    language: String,
    like_count: i64,
    comment_count: i64,
    repost_count: i64,
    repost_of: Option<i64>,
    edited_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    liked: bool,
    bookmarked: bool,
    reposted: bool,
}

/// The columns of a [`Row`], in its order; `$1` is the viewer.
const COLUMNS: &str = "p.id, p.author_id, p.text, p.visibility, p.language, p.like_count, p.comment_count, p.repost_count, \
     p.repost_of, p.edited_at, p.created_at, \
     EXISTS (SELECT 1 FROM post_likes l WHERE l.post_id = p.id AND l.user_id = $1), \
     EXISTS (SELECT 1 FROM bookmarks b WHERE b.post_id = p.id AND b.user_id = $1), \
     EXISTS (SELECT 1 FROM posts r WHERE r.repost_of = p.id AND r.author_id = $1 AND r.is_plain_repost)";

impl Row {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            author: row.try_get_by_index(1)?,
            text: row.try_get_by_index(2)?,
            visibility: row.try_get_by_index(3)?,
            language: row.try_get_by_index(4)?,
            like_count: row.try_get_by_index(5)?,
            comment_count: row.try_get_by_index(6)?,
            repost_count: row.try_get_by_index(7)?,
            repost_of: row.try_get_by_index(8)?,
            edited_at: row.try_get_by_index(9)?,
            created_at: row.try_get_by_index(10)?,
            liked: row.try_get_by_index(11)?,
            bookmarked: row.try_get_by_index(12)?,
            reposted: row.try_get_by_index(13)?,
        })
    }
}

/// The posts of these ids (a page of them: at most a few hundred) as `viewer` sees them, in the order of the ids. Those that
/// do not exist, or that the viewer may not see, are missing. Costs at most five queries.
pub async fn posts_shown_to(
    app: &App,
    viewer: Option<&Viewer>,
    origin: &Origin,
    ids: &[i64],
) -> Result<Vec<PostView>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let on = app.db().reader();
    let wanted = sql::ids(app.db().engine(), "$2");
    // With those that they pass on. Who may see them is one value: taken apart, SQLite would first collect all public posts.
    let text = format!(
        "SELECT {COLUMNS} FROM (SELECT i.id FROM {wanted} i \
         UNION SELECT q.repost_of FROM {wanted} i JOIN posts q ON q.id = i.id) w \
         JOIN posts p ON p.id = w.id WHERE CASE WHEN {} THEN TRUE ELSE FALSE END",
        visible("$1")
    );
    let found = sql::rows(on, text, [id_of(viewer).into(), list_of(ids)]).await?;
    let mut rows = HashMap::with_capacity(found.len());
    for row in &found {
        let row = Row::read(row)?;
        rows.insert(row.id, row);
    }
    let authors: BTreeSet<UserId> = rows.values().map(|row| row.author).collect();
    let authors: Vec<UserId> = authors.into_iter().collect();
    let mut shown: Vec<i64> = rows.keys().copied().collect();
    shown.sort_unstable();
    let (authors, links) = tokio::try_join!(
        identity::shown_to(on, viewer, &authors),
        links_of_posts(app, origin, &shown)
    )?;
    let page = Page { rows, authors, links };
    Ok(ids.iter().filter_map(|id| page.view(*id, true)).collect())
}

struct Page {
    rows: HashMap<i64, Row>,
    authors: HashMap<UserId, UserView>,
    links: Links,
}

impl Page {
    fn view(&self, id: i64, with_original: bool) -> Option<PostView> {
        let row = self.rows.get(&id)?.clone();
        let author = self.authors.get(&row.author)?.clone();
        let images = self.links.images(id);
        let original = row
            .repost_of
            .filter(|_| with_original)
            .and_then(|id| self.view(id, false));
        Some(PostView {
            id,
            author,
            text: row.text,
            visibility: row.visibility,
            language: row.language,
            media: self.links.assets(id),
            image_urls: images.iter().map(|image| image.url.clone()).collect(),
            images,
            video: self.links.video(id),
            like_count: row.like_count,
            comment_count: row.comment_count,
            repost_count: row.repost_count,
            liked: row.liked,
            viewer_has_liked: row.liked,
            bookmarked: row.bookmarked,
            reposted: row.reposted,
            repost_of: original.map(Box::new),
            hashtags: self.links.hashtags(id),
            mentions: self.links.mentions(id),
            is_edited: row.edited_at.is_some(),
            edited_at: row.edited_at.map(Timestamp),
            recent_gifts: Vec::new(),
            gift_counts: Map::new(),
            created_at: Timestamp(row.created_at),
        })
    }
}
