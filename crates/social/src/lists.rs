//! Lists of posts and comments, in pages.

use chrono::{DateTime, Utc};
use platform::{
    App,
    http::{ApiError, Origin, Page, Paginated, Paging, SortKind, SortValue, Sortable, Viewer},
};
use sea_orm::{
    ConnectionTrait as _, DbErr, QueryResult,
    sea_query::{Expr, ExprTrait as _, IntoColumnRef as _, JoinType, Query, SelectStatement},
};

use crate::{
    posts,
    views::{CommentView, PostView, comments_shown_to, posts_shown_to},
    visibility::{bound, id_of, visible, visible_below, visible_comment},
};

const fn field(name: &'static str, kind: SortKind, column: (&'static str, &'static str)) -> Sortable {
    Sortable { name, kind, column }
}

/// Breaks ties of posts.
const POST_ID: Sortable = field("id", SortKind::Integer, ("p", "id"));
/// What posts may be ordered by; of texts counts how they begin.
const POST_FIELDS: [Sortable; 7] = [
    POST_ID,
    field("text", SortKind::Text, ("p", "text_start")),
    field("visibility", SortKind::Text, ("p", "visibility_key")),
    field("language", SortKind::Text, ("p", "language")),
    field("like_count", SortKind::Integer, ("p", "like_count")),
    field("comment_count", SortKind::Integer, ("p", "comment_count")),
    field("created_at", SortKind::Time, ("p", "created_at")),
];
/// Breaks ties of what was kept.
const KEPT_ID: Sortable = field("id", SortKind::Integer, ("k", "post_id"));
/// What kept posts may be ordered by: when they were kept.
const KEPT_FIELDS: [Sortable; 2] = [KEPT_ID, field("created_at", SortKind::Time, ("k", "created_at"))];
/// Posts with a hashtag are ordered by their ids alone, which are in the order of their making.
const TAGGED_ID: Sortable = field("id", SortKind::Integer, ("h", "post_id"));
/// Breaks ties of comments.
const COMMENT_ID: Sortable = field("id", SortKind::Integer, ("c", "id"));
/// What comments may be ordered by; those that reply to nothing come as if to 0.
const COMMENT_FIELDS: [Sortable; 6] = [
    COMMENT_ID,
    field("post", SortKind::Integer, ("c", "post_id")),
    field("text", SortKind::Text, ("c", "text_start")),
    field("parent", SortKind::Integer, ("c", "parent_key")),
    field("like_count", SortKind::Integer, ("c", "like_count")),
    field("created_at", SortKind::Time, ("c", "created_at")),
];

/// Who reads a list, and from where.
pub struct Reader<'a> {
    pub app: &'a App,
    pub viewer: Option<&'a Viewer>,
    pub origin: &'a Origin,
}

/// The values of a row that a list is ordered by, beside its id.
struct Row {
    id: i64,
    values: Vec<(&'static str, SortValue)>,
}

impl Row {
    /// The columns of `fields`, in their order.
    fn read(row: &QueryResult, fields: &[Sortable], id: Sortable) -> Result<Self, DbErr> {
        let mut values = Vec::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            let value = match field.kind {
                SortKind::Integer => SortValue::Integer(row.try_get_by_index(index)?),
                SortKind::Text => SortValue::Text(row.try_get_by_index(index)?),
                SortKind::Boolean => SortValue::Boolean(row.try_get_by_index(index)?),
                SortKind::Time => SortValue::Time(row.try_get_by_index::<DateTime<Utc>>(index)?),
            };
            values.push((field.name, value));
        }
        let id = values.iter().find_map(|(name, value)| match value {
            SortValue::Integer(value) if *name == id.name => Some(*value),
            _ => None,
        });
        Ok(Self {
            id: id.unwrap_or_default(),
            values,
        })
    }

    fn sort_value(&self, field: &str) -> SortValue {
        let value = self.values.iter().find(|(name, _)| *name == field);
        value.map_or(SortValue::Integer(self.id), |(_, value)| value.clone())
    }
}

impl Reader<'_> {
    /// All posts, or those of an author; of a number that is none there are none.
    pub async fn posts(&self, author: Option<&str>, paging: Paging) -> Result<Paginated<PostView>, ApiError> {
        let mut query = Query::select().from_as("posts", "p").take();
        if let Some(author) = author {
            // No account has the id 0.
            let author: i64 = author.trim().parse().unwrap_or(0);
            query.and_where(Expr::col(("p", "author_id")).eq(author));
        }
        let page = paging.order(&POST_FIELDS, "-created_at", POST_ID)?;
        self.posts_of(query, &POST_FIELDS, POST_ID, page).await
    }

    /// What the viewer has kept, the latest first.
    pub async fn bookmarks(&self, paging: Paging) -> Result<Paginated<PostView>, ApiError> {
        let mut query = Query::select().from_as("bookmarks", "k").take();
        query.and_where(Expr::col(("k", "user_id")).eq(id_of(self.viewer)));
        join_posts(&mut query, ("k", "post_id"));
        let page = paging.order(&KEPT_FIELDS, "-created_at", KEPT_ID)?;
        self.posts_of(query, &KEPT_FIELDS, KEPT_ID, page).await
    }

    /// Posts with a hashtag, the newest first.
    pub async fn tagged(&self, tag: &str, paging: Paging) -> Result<Paginated<PostView>, ApiError> {
        let mut query = Query::select().from_as("post_hashtags", "h").take();
        query.and_where(Expr::col(("h", "tag")).eq(tag));
        join_posts(&mut query, ("h", "post_id"));
        let page = paging.order(&[TAGGED_ID], "-id", TAGGED_ID)?;
        self.posts_of(query, &[TAGGED_ID], TAGGED_ID, page).await
    }

    /// All comments.
    pub async fn comments(&self, paging: Paging) -> Result<Paginated<CommentView>, ApiError> {
        let mut query = Query::select().from_as("comments", "c").take();
        join_posts(&mut query, ("c", "post_id"));
        let page = paging.order(&COMMENT_FIELDS, "-created_at", COMMENT_ID)?;
        let rows = self
            .rows(query, visible_comment, &COMMENT_FIELDS, COMMENT_ID, &page)
            .await?;
        self.comments_of(rows, page).await
    }

    /// Those of a post, which may be asked for by number as well.
    pub async fn comments_on(&self, post: &str, paging: Paging) -> Result<Paginated<CommentView>, ApiError> {
        let page = paging
            .numbered()
            .order(&COMMENT_FIELDS, "-created_at", COMMENT_ID)?;
        let post = post.trim().parse().unwrap_or(0);
        // Asked once: else every comment of a post that is not for the viewer would be looked through in vain.
        let rows = if posts::is_visible(self.app.db().reader(), id_of(self.viewer), post).await? {
            let mut query = Query::select().from_as("comments", "c").take();
            query.and_where(Expr::col(("c", "post_id")).eq(post));
            self.rows(query, visible_below, &COMMENT_FIELDS, COMMENT_ID, &page)
                .await?
        } else {
            Vec::new()
        };
        self.comments_of(rows, page).await
    }

    async fn comments_of(&self, rows: Vec<Row>, page: Page) -> Result<Paginated<CommentView>, ApiError> {
        let page = page.answer(rows, Row::sort_value);
        let ids: Vec<i64> = page.results.iter().map(|row| row.id).collect();
        Ok(Paginated {
            next: page.next,
            previous: page.previous,
            results: comments_shown_to(self.app, self.viewer, self.origin, &ids).await?,
        })
    }

    async fn posts_of(
        &self,
        query: SelectStatement,
        fields: &[Sortable],
        id: Sortable,
        page: Page,
    ) -> Result<Paginated<PostView>, ApiError> {
        let rows = self.rows(query, visible, fields, id, &page).await?;
        let page = page.answer(rows, Row::sort_value);
        let ids: Vec<i64> = page.results.iter().map(|row| row.id).collect();
        Ok(Paginated {
            next: page.next,
            previous: page.previous,
            results: posts_shown_to(self.app, self.viewer, self.origin, &ids).await?,
        })
    }

    /// The rows of a page that the viewer sees.
    async fn rows(
        &self,
        mut query: SelectStatement,
        condition: fn(&str) -> String,
        fields: &[Sortable],
        id: Sortable,
        page: &Page,
    ) -> Result<Vec<Row>, DbErr> {
        let on = self.app.db().reader();
        let backend = on.get_database_backend();
        for field in fields {
            query.column(field.column.into_column_ref());
        }
        query.and_where(bound(backend, condition, id_of(self.viewer)));
        let rows = on.query_all_raw(page.statement(query, backend)).await?;
        rows.iter().map(|row| Row::read(row, fields, id)).collect()
    }
}

fn join_posts(query: &mut SelectStatement, column: (&'static str, &'static str)) {
    query.join_as(
        JoinType::InnerJoin,
        "posts",
        "p",
        Expr::col(("p", "id")).equals(column),
    );
}
