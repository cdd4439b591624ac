//! Posts as a viewer sees them, a page at a time: a fixed number of queries however many they are.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use identity::UserView;
use platform::{
    App,
    http::{Origin, Timestamp, Viewer},
    id::UserId,
};
use sea_orm::{ConnectionTrait as _, DbErr, QueryResult};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::visibility::visible;

/// A post.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Post)]
pub struct PostView {
    pub id: i64,
    #[schema(value_type = Object)]
    pub author: UserView,
    pub text: String,
    /// `public`, `followers` or `private`.
    pub visibility: String,
    pub language: String,
    #[schema(value_type = Vec<Object>)]
    pub media: Vec<Value>,
    pub images: Vec<ImageView>,
    /// The URLs of `images`, in their order.
    pub image_urls: Vec<String>,
    #[schema(required = true)]
    pub video: Option<VideoView>,
    pub like_count: i64,
    pub comment_count: i64,
    /// Whether the viewer likes it.
    pub liked: bool,
    pub viewer_has_liked: bool,
    /// The newest five gifts.
    #[schema(value_type = Vec<Object>)]
    pub recent_gifts: Vec<Value>,
    /// How many of each gift type, by its id.
    #[schema(value_type = Object)]
    pub gift_counts: Value,
    pub created_at: Timestamp,
}

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

struct Row {
    id: i64,
    author: UserId,
    text: String,
    visibility: String,
    language: String,
    like_count: i64,
    comment_count: i64,
    created_at: DateTime<Utc>,
    liked: bool,
}

const COLUMNS: &str =
    "p.id, p.author_id, p.text, p.visibility, p.language, p.like_count, p.comment_count, p.created_at";

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
            created_at: row.try_get_by_index(7)?,
            liked: row.try_get_by_index(8)?,
        })
    }
}

/// The posts of these ids (a page of them: at most a few hundred) as `viewer` sees them, in the order of the ids. Those that
/// do not exist, or that the viewer may not see, are missing.
pub async fn posts_shown_to(
    app: &App,
    viewer: Option<&Viewer>,
    origin: &Origin,
    ids: &[i64],
) -> Result<Vec<PostView>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Of pictures, a later change makes URLs of this host.
    let _ = origin;
    let on = app.db().reader();
    let text = format!(
        "SELECT {COLUMNS}, EXISTS (SELECT 1 FROM post_likes l WHERE l.post_id = p.id AND l.user_id = $1) \
         FROM posts p WHERE p.id IN {} AND {}",
        app.db().engine().list("$2"),
        visible("$1")
    );
    let viewer_id = viewer.map_or(0, |viewer| viewer.id.0);
    let values = [viewer_id.into(), platform::db::list_of(ids)];
    let found = on.query_all_raw(sea_orm::Statement::from_sql_and_values(
        on.get_database_backend(),
        text,
        values,
    ));
    let found = found.await?;
    let mut rows = HashMap::with_capacity(found.len());
    for row in &found {
        let row = Row::read(row)?;
        rows.insert(row.id, row);
    }
    let authors: BTreeSet<UserId> = rows.values().map(|row| row.author).collect();
    let authors: Vec<UserId> = authors.into_iter().collect();
    let authors = identity::shown_to(on, viewer, &authors).await?;
    let in_order = ids.iter().filter_map(|id| {
        let row = rows.remove(id)?;
        let author = authors.get(&row.author)?.clone();
        Some(view(row, author))
    });
    Ok(in_order.collect())
}

fn view(row: Row, author: UserView) -> PostView {
    PostView {
        id: row.id,
        author,
        text: row.text,
        visibility: row.visibility,
        language: row.language,
        media: Vec::new(),
        images: Vec::new(),
        image_urls: Vec::new(),
        video: None,
        like_count: row.like_count,
        comment_count: row.comment_count,
        liked: row.liked,
        viewer_has_liked: row.liked,
        recent_gifts: Vec::new(),
        gift_counts: Value::Object(serde_json::Map::new()),
        created_at: Timestamp(row.created_at),
    }
}
