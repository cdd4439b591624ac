//! The posts that a ranked feed chooses from: all that the viewer may see, the newest first, a window at a time.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use platform::{App, db::list_of, id::UserId};
use sea_orm::{DbErr, QueryResult, Value};

use crate::{
    ranking::{self, Signals, Terms, Weights},
    sql,
};

/// One of the ranked feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranked {
    /// Everybody's posts.
    Posts,
    /// Everybody's posts with a video.
    Videos,
}

impl Ranked {
    /// How its posts are ranked.
    pub fn weights(self) -> &'static Weights {
        match self {
            Self::Posts => &ranking::FOR_YOU,
            Self::Videos => &ranking::FOR_YOU_VIDEOS,
        }
    }

    fn condition(self) -> &'static str {
        match self {
            Self::Posts => "",
            Self::Videos => " AND p.has_video",
        }
    }
}

/// A post that may be shown, with what it is ranked by.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    pub id: i64,
    likes: i64,
    comments: i64,
    created_at: DateTime<Utc>,
    has_video: bool,
    follows: bool,
}

impl Candidate {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            likes: row.try_get_by_index(1)?,
            comments: row.try_get_by_index(2)?,
            created_at: row.try_get_by_index(3)?,
            has_video: row.try_get_by_index(4)?,
            follows: row.try_get_by_index(5)?,
        })
    }

    /// Hours since it was made.
    pub fn age_hours(&self, now: DateTime<Utc>) -> f64 {
        (now - self.created_at).max(TimeDelta::zero()).as_seconds_f64() / 3600.0
    }

    /// What it scores, in its parts.
    pub fn terms(&self, weights: &Weights, now: DateTime<Utc>) -> Terms {
        let signals = Signals {
            age_hours: self.age_hours(now),
            likes: self.likes,
            comments: self.comments,
            follows: self.follows,
            has_video: self.has_video,
        };
        ranking::score(weights, &signals)
    }
}

/// The newest posts that the viewer may see whose id is below `below`, at most `most`, best first; and whether there are
/// more below them: then the next window begins at the id returned.
pub async fn window(
    app: &App,
    viewer: UserId,
    feed: Ranked,
    below: i64,
    most: usize,
) -> Result<(Vec<Candidate>, Option<i64>), DbErr> {
    let condition = format!(
        "p.id < $2{} ORDER BY p.id DESC LIMIT {}",
        feed.condition(),
        most + 1
    );
    let mut found = select(app, viewer, &condition, below.into()).await?;
    let has_more = found.len() > most;
    found.truncate(most);
    let next = found.last().map(|lowest| lowest.id).filter(|_| has_more);
    let now = app.clock().now();
    let mut ranked: Vec<(f64, Candidate)> = found
        .into_iter()
        .map(|candidate| (candidate.terms(feed.weights(), now).sum(), candidate))
        .collect();
    ranked.sort_by(|one, other| ranking::order((one.0, one.1.id), (other.0, other.1.id)));
    Ok((ranked.into_iter().map(|(_, candidate)| candidate).collect(), next))
}

/// Those of the posts with these ids that the viewer may still see, in the order of the ids.
pub async fn still_shown(
    app: &App,
    viewer: UserId,
    feed: Ranked,
    ids: &[i64],
) -> Result<Vec<Candidate>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let condition = format!("p.id IN {}{}", app.db().engine().list("$2"), feed.condition());
    let found = select(app, viewer, &condition, list_of(ids)).await?;
    let mut by_id: HashMap<i64, Candidate> = found
        .into_iter()
        .map(|candidate| (candidate.id, candidate))
        .collect();
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// The candidates of a condition in which `$2` is `value`.
async fn select(app: &App, viewer: UserId, condition: &str, value: Value) -> Result<Vec<Candidate>, DbErr> {
    let text = format!(
        "SELECT p.id, p.like_count, p.comment_count, p.created_at, p.has_video, \
         EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = $1 AND f.followee_id = p.author_id) \
         FROM posts p WHERE {} AND {condition}",
        sql::visible("$1")
    );
    let rows = sql::all(app.db().reader(), text, [viewer.0.into(), value]).await?;
    rows.iter().map(Candidate::read).collect()
}
