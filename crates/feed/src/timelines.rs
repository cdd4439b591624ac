//! Timelines: the posts of the people whom somebody follows, and their own, newest first.
//!
//! A page is made of three sources that have no post in common: entries that were written when a post was made (or when
//! the timeline was rebuilt), one's own posts, and posts of followed people whom so many follow that nothing is written for
//! each of them. What counts is how things are when a page is read: whoever was unfollowed is not in it, nor what became
//! private since.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use platform::{App, id::UserId};
use sea_orm::DbErr;

use crate::{
    order::{Columns, Entry, Order},
    rebuilds, settings,
    sql::{self, Values},
};

/// Which page of a timeline.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Posts, at most.
    pub size: usize,
    pub order: Order,
    /// The last entry of the page before.
    pub after: Option<Entry>,
    /// No posts from before.
    pub since: Option<DateTime<Utc>>,
    /// Posts with a video alone.
    pub videos_only: bool,
}

const ENTRIES: Columns = Columns {
    post_id: "t.post_id",
    score: "t.score",
    created_at: "t.created_at",
};

/// What has no entry scores as a new entry does.
const POSTS: Columns = Columns {
    post_id: "p.id",
    score: "CAST(1.0 AS DOUBLE PRECISION)",
    created_at: "p.created_at",
};

const MERGED: Columns = Columns {
    post_id: "id",
    score: "score",
    created_at: "created_at",
};

/// The entries of a page and one more, if there is a further page. Who has just followed somebody finds them there: what a
/// rebuild is still to bring is brought first.
pub async fn page(app: &App, viewer: UserId, wanted: &Wanted) -> Result<Vec<Entry>, DbErr> {
    let (entries, is_behind) = tokio::try_join!(read(app, viewer, wanted), rebuilds::is_behind(app, viewer))?;
    if !is_behind {
        return Ok(entries);
    }
    rebuilds::rebuild_now(app, viewer).await?;
    read(app, viewer, wanted).await
}

async fn read(app: &App, viewer: UserId, wanted: &Wanted) -> Result<Vec<Entry>, DbErr> {
    let mut values = Values::default();
    let text = statement(&mut values, viewer, settings::of(app).oldest_post(app), wanted);
    let rows = sql::all(app.db().reader(), text, values.0).await?;
    rows.iter()
        .map(|row| {
            Ok(Entry {
                post_id: row.try_get_by_index(0)?,
                score: row.try_get_by_index(1)?,
                created_at: row.try_get_by_index(2)?,
            })
        })
        .collect()
}

fn statement(values: &mut Values, viewer: UserId, oldest: i64, wanted: &Wanted) -> String {
    let viewer = values.bind(viewer.0);
    let oldest = values.bind(oldest);
    let since = wanted.since.map(|since| values.bind(since));
    let place = wanted
        .after
        .as_ref()
        .map(|entry| wanted.order.bind(entry, values));
    let limit = wanted.size + 1;
    let visible = sql::visible(&viewer);
    // Each source stops at its own first rows of the page.
    let source = |columns: &Columns, rows: &str| {
        let mut text = format!(
            "SELECT {} AS id, {} AS score, {} AS created_at FROM {rows}",
            columns.post_id, columns.score, columns.created_at
        );
        if wanted.videos_only {
            text.push_str(" AND p.has_video");
        }
        if let Some(since) = &since {
            let _ = write!(text, " AND {} >= {since}", columns.created_at);
        }
        if let Some(place) = &place {
            let _ = write!(text, " AND {}", wanted.order.after(columns, place));
        }
        format!("{text} ORDER BY {} LIMIT {limit}", wanted.order.sql(columns))
    };
    let written = source(
        &ENTRIES,
        &format!(
            "timeline t JOIN posts p ON p.id = t.post_id \
             JOIN follows f ON f.follower_id = t.user_id AND f.followee_id = t.author_id \
             WHERE t.user_id = {viewer} AND {visible}"
        ),
    );
    let own = source(
        &POSTS,
        &format!("posts p WHERE p.author_id = {viewer} AND p.id >= {oldest} AND {visible}"),
    );
    let of_big_authors = source(
        &POSTS,
        &format!(
            "posts p WHERE p.author_id IN (SELECT b.author_id FROM big_authors b JOIN follows f \
             ON f.follower_id = {viewer} AND f.followee_id = b.author_id) AND p.id >= {oldest} AND {visible} \
             AND NOT EXISTS (SELECT 1 FROM timeline t WHERE t.user_id = {viewer} AND t.post_id = p.id)"
        ),
    );
    format!(
        "SELECT id, score, created_at FROM (SELECT * FROM ({written}) w UNION ALL SELECT * FROM ({own}) o \
         UNION ALL SELECT * FROM ({of_big_authors}) b) merged ORDER BY {} LIMIT {limit}",
        wanted.order.sql(&MERGED)
    )
}
