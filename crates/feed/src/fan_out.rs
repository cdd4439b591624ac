//! The way of a post into the timelines of its author's followers.
//!
//! Done by a job, in batches that each commit: what a crash leaves is a beginning, and the job is run again from its start.
//! Entries that are there already stay as they are. Whoever begins to follow in the meantime gets the post when their
//! timeline is rebuilt, and whoever ends it does not see it, as reading looks at who follows whom.

use chrono::{DateTime, Utc};
use platform::{
    App,
    jobs::{Enqueue, Job},
    outbox::Event,
};
use sea_orm::{DbErr, QueryResult};
use serde::{Deserialize, Serialize};
use social::{PostChanged, PostCreated};

use crate::{
    settings,
    sql::{self, Values},
};

/// Followers whose timelines are written in one transaction.
const BATCH: u32 = 1000;
/// The condition that others than the author of a post `p` may see it, in SQL.
pub const SHARED: &str = "p.visibility IN ('public', 'followers') AND p.removed_at IS NULL";

/// Has a new post handed out.
pub async fn post_created(app: App, event: Event) -> anyhow::Result<()> {
    let PostCreated { post_id, .. } = event.read()?;
    enqueue(&app, &event, post_id, true).await
}

/// Has a post handed out that more people may see than before; to all others it changes nothing.
pub async fn post_changed(app: App, event: Event) -> anyhow::Result<()> {
    let PostChanged { post_id, .. } = event.read()?;
    enqueue(&app, &event, post_id, false).await
}

/// Once per event, however often it is delivered.
async fn enqueue(app: &App, event: &Event, post_id: i64, is_new: bool) -> anyhow::Result<()> {
    let options = Enqueue {
        key: Some(event.id.to_string()),
        ..Enqueue::default()
    };
    app.jobs().enqueue(&FanOut { post_id, is_new }, options).await
}

/// Writes a post into the timelines of all who follow its author.
#[derive(Debug, Serialize, Deserialize)]
pub struct FanOut {
    post_id: i64,
    /// Whether it was just made: then the time until its last reader has it is measured.
    is_new: bool,
}

impl Job for FanOut {
    const NAME: &'static str = "feed.fan_out";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let Some(post) = Post::find(&app, self.post_id).await? else {
            return Ok(());
        };
        let settings = settings::of(&app);
        if post.author_is_big || post.followers > i64::from(settings.fan_out_limit.0) {
            mark_as_big(&app, &post).await?;
        } else if post.created_at >= settings.oldest(&app) {
            hand_out(&app, &post).await?;
        }
        if self.is_new {
            let lag = app.clock().now() - post.created_at;
            metrics::histogram!("selflink_feed_fan_out_seconds").record(lag.as_seconds_f64());
        }
        Ok(())
    }
}

/// A post that others than its author may see.
struct Post {
    id: i64,
    author_id: i64,
    created_at: DateTime<Utc>,
    followers: i64,
    author_is_big: bool,
}

impl Post {
    async fn find(app: &App, id: i64) -> Result<Option<Self>, DbErr> {
        let text = format!(
            "SELECT p.author_id, p.created_at, u.followers_count, \
             EXISTS (SELECT 1 FROM big_authors b WHERE b.author_id = p.author_id) \
             FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id = $1 AND {SHARED}"
        );
        let row = sql::one(app.db().reader(), text, [id.into()]).await?;
        let read = |row: QueryResult| {
            Ok(Self {
                id,
                author_id: row.try_get_by_index(0)?,
                created_at: row.try_get_by_index(1)?,
                followers: row.try_get_by_index(2)?,
                author_is_big: row.try_get_by_index(3)?,
            })
        };
        row.map(read).transpose()
    }
}

/// From now on readers look for the posts of this author themselves. For good: what was handed out before stays.
async fn mark_as_big(app: &App, post: &Post) -> Result<(), DbErr> {
    if post.author_is_big {
        return Ok(());
    }
    app.db()
        .write(|tx| async move {
            let text = "INSERT INTO big_authors (author_id, since) SELECT u.id, $2 FROM users u WHERE u.id = $1 \
                        ON CONFLICT DO NOTHING";
            sql::run(&tx, text, [post.author_id.into(), tx.now().into()]).await
        })
        .await
        .map(drop)
}

/// A place in the followers of somebody, in the order in which they came.
struct Follower {
    since: DateTime<Utc>,
    id: i64,
}

async fn hand_out(app: &App, post: &Post) -> Result<(), DbErr> {
    let mut after = None;
    loop {
        let last = last_of_batch(app, post, after.as_ref()).await?;
        let written = write_batch(app, post, after.as_ref(), last.as_ref()).await?;
        metrics::counter!("selflink_feed_entries_total").increment(written);
        if last.is_none() {
            return Ok(());
        }
        after = last;
    }
}

/// The last follower of the batch that begins after `after`; `None` if the batch holds all the rest.
async fn last_of_batch(app: &App, post: &Post, after: Option<&Follower>) -> Result<Option<Follower>, DbErr> {
    let mut values = Values::default();
    let author = values.bind(post.author_id);
    let text = format!(
        "SELECT f.created_at, f.follower_id FROM follows f WHERE f.followee_id = {author}{} \
         ORDER BY f.created_at, f.follower_id LIMIT 1 OFFSET {}",
        beyond(&mut values, ">", after),
        BATCH - 1
    );
    let row = sql::one(app.db().reader(), text, values.0).await?;
    let read = |row: QueryResult| {
        Ok(Follower {
            since: row.try_get_by_index(0)?,
            id: row.try_get_by_index(1)?,
        })
    };
    row.map(read).transpose()
}

async fn write_batch(
    app: &App,
    post: &Post,
    after: Option<&Follower>,
    last: Option<&Follower>,
) -> Result<u64, DbErr> {
    app.db()
        .write(|tx| async move {
            let mut values = Values::default();
            let id = values.bind(post.id);
            let text = format!(
                "INSERT INTO timeline (user_id, post_id, author_id, score, created_at) \
                 SELECT f.follower_id, p.id, p.author_id, 1.0, p.created_at \
                 FROM posts p JOIN follows f ON f.followee_id = p.author_id WHERE p.id = {id} AND {SHARED}{}{} \
                 ON CONFLICT DO NOTHING",
                beyond(&mut values, ">", after),
                beyond(&mut values, "<=", last),
            );
            sql::run(&tx, text, values.0).await
        })
        .await
}

/// The condition that a follower `f` comes after a place, or not after it.
fn beyond(values: &mut Values, sign: &str, place: Option<&Follower>) -> String {
    place.map_or_else(String::new, |place| {
        let (since, id) = (values.bind(place.since), values.bind(place.id));
        format!(" AND (f.created_at, f.follower_id) {sign} ({since}, {id})")
    })
}
