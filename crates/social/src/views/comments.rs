//! Comments.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use identity::UserView;
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

use super::links::{ImageView, Links, MentionView, links_of_comments};
use crate::{
    sql,
    visibility::{id_of, visible_comment},
};

/// A comment.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Comment)]
pub struct CommentView {
    pub id: i64,
    /// Of which post.
    pub post: i64,
    pub author: UserView,
    pub text: String,
    /// The comment that it replies to.
    #[schema(required = true)]
    pub parent: Option<i64>,
    pub images: Vec<ImageView>,
    /// The URLs of `images`, in their order.
    pub image_urls: Vec<String>,
    pub like_count: i64,
    /// Whether the viewer likes it.
    pub liked: bool,
    pub viewer_has_liked: bool,
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

struct Row {
    id: i64,
    post: i64,
    author: UserId,
    text: String,
    parent: Option<i64>,
    like_count: i64,
    edited_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    liked: bool,
}

/// The columns of a [`Row`], in its order; `$1` is the viewer.
const COLUMNS: &str = "c.id, c.post_id, c.author_id, c.text, c.parent_id, c.like_count, c.edited_at, c.created_at, \
     EXISTS (SELECT 1 FROM comment_likes l WHERE l.comment_id = c.id AND l.user_id = $1)";

impl Row {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            post: row.try_get_by_index(1)?,
            author: row.try_get_by_index(2)?,
            text: row.try_get_by_index(3)?,
            parent: row.try_get_by_index(4)?,
            like_count: row.try_get_by_index(5)?,
            edited_at: row.try_get_by_index(6)?,
            created_at: row.try_get_by_index(7)?,
            liked: row.try_get_by_index(8)?,
        })
    }
}

/// The comments of these ids (a page of them: at most a few hundred) as `viewer` sees them, in the order of the ids. Those
/// that do not exist, or that the viewer may not see, are missing. Costs at most four queries.
pub async fn comments_shown_to(
    app: &App,
    viewer: Option<&Viewer>,
    origin: &Origin,
    ids: &[i64],
) -> Result<Vec<CommentView>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let on = app.db().reader();
    let text = format!(
        "SELECT {COLUMNS} FROM {} w JOIN comments c ON c.id = w.id JOIN posts p ON p.id = c.post_id WHERE {}",
        sql::ids(app.db().engine(), "$2"),
        visible_comment("$1")
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
        links_of_comments(app, origin, &shown)
    )?;
    let in_order = ids.iter().filter_map(|id| {
        let row = rows.remove(id)?;
        let author = authors.get(&row.author)?.clone();
        Some(view(row, author, &links))
    });
    Ok(in_order.collect())
}

fn view(row: Row, author: UserView, links: &Links) -> CommentView {
    let images = links.images(row.id);
    CommentView {
        id: row.id,
        post: row.post,
        author,
        text: row.text,
        parent: row.parent,
        image_urls: images.iter().map(|image| image.url.clone()).collect(),
        images,
        like_count: row.like_count,
        liked: row.liked,
        viewer_has_liked: row.liked,
        mentions: links.mentions(row.id),
        is_edited: row.edited_at.is_some(),
        edited_at: row.edited_at.map(Timestamp),
        recent_gifts: Vec::new(),
        gift_counts: Map::new(),
        created_at: Timestamp(row.created_at),
    }
}
