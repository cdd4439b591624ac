//! Timelines are built anew when somebody begins or ceases to follow: from the latest posts of the people followed last.
//!
//! One at a time for each user, as the rebuild holds the user's row of `timeline_heads`. Every follow asks for one; a
//! rebuild takes all that were asked for before it began with it, so that a hundred follows at once cost a few.

use chrono::{DateTime, TimeDelta, Utc};
use identity::{Followed, Unfollowed};
use platform::{
    App,
    db::Tx,
    id::UserId,
    jobs::{Enqueue, Job},
    outbox::{Event, on_its_way},
};
use sea_orm::{
    ConnectionTrait as _, DbErr,
    sea_query::{Expr, OnConflict, Query},
};
use serde::{Deserialize, Serialize};

use crate::{
    fan_out::SHARED,
    ranking,
    settings::{self, FeedSettings},
    sql,
};

/// Rows of one INSERT.
const CHUNK: usize = 1000;

/// Has the timeline of a new follower rebuilt.
pub async fn followed(app: App, event: Event) -> anyhow::Result<()> {
    let Followed { follower_id, .. } = event.read()?;
    request(&app, &event, follower_id).await
}

/// The same for one who follows no longer.
pub async fn unfollowed(app: App, event: Event) -> anyhow::Result<()> {
    let Unfollowed { follower_id, .. } = event.read()?;
    request(&app, &event, follower_id).await
}

/// Once per event, however often it is delivered.
async fn request(app: &App, event: &Event, user_id: UserId) -> anyhow::Result<()> {
    app.db()
        .write(|tx| async move {
            // Nothing for an account that is gone by now.
            let text = "INSERT INTO timeline_requests (user_id, event_id) SELECT u.id, $2 FROM users u WHERE u.id = $1 \
                        ON CONFLICT DO NOTHING";
            sql::run(&tx, text, [user_id.0.into(), event.id.into()]).await
        })
        .await?;
    let options = Enqueue {
        key: Some(event.id.to_string()),
        ..Enqueue::default()
    };
    app.jobs().enqueue(&Rebuild { user_id }, options).await
}

/// Rebuilds a timeline, unless another job has done it since this one was asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rebuild {
    user_id: UserId,
}

impl Job for Rebuild {
    const NAME: &'static str = "feed.rebuild";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let (settings, oldest) = (settings::of(&app), settings::of(&app).oldest_post(&app));
        let (user, settings) = (self.user_id, &settings);
        let is_done = app
            .db()
            .write(|tx| async move {
                // Each request was written after its follow was: what is read from here on holds the follows of all of
                // them. Of two jobs that meet here, the second waits, and finds the requests of the first gone.
                let text = "DELETE FROM timeline_requests WHERE user_id = $1";
                if sql::run(&tx, text, [user.0.into()]).await? == 0 {
                    return Ok::<_, DbErr>(false);
                }
                rebuild(&tx, user, settings, oldest).await
            })
            .await?;
        if is_done {
            metrics::counter!("selflink_feed_rebuilds_total").increment(1);
        }
        Ok(())
    }
}

/// Whether a timeline does not hold yet what its owner's latest follow brings.
pub async fn is_behind(app: &App, user: UserId) -> Result<bool, DbErr> {
    let text = format!(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM timeline_requests r WHERE r.user_id = $1) OR {}",
        on_its_way::<Followed>("follower_id", "$1")
    );
    let found = sql::one(app.db().reader(), text, [user.0.into()]).await?;
    Ok(found.is_some())
}

/// Rebuilds a timeline whether it was asked for or not; `false` if there is no such user.
pub async fn rebuild_now(app: &App, user: UserId) -> Result<bool, DbErr> {
    let settings = settings::of(app);
    let (settings, oldest) = (&settings, settings.oldest_post(app));
    app.db()
        .write(|tx| async move { rebuild(&tx, user, settings, oldest).await })
        .await
}

/// `oldest`: the smallest id of a post that is still taken.
async fn rebuild(tx: &Tx, user: UserId, settings: &FeedSettings, oldest: i64) -> Result<bool, DbErr> {
    let head = "INSERT INTO timeline_heads (user_id, rebuilt_at) SELECT u.id, $2 FROM users u WHERE u.id = $1 \
                ON CONFLICT (user_id) DO UPDATE SET rebuilt_at = excluded.rebuilt_at";
    if sql::run(tx, head, [user.0.into(), tx.now().into()]).await? == 0 {
        return Ok(false);
    }
    sql::run(tx, "DELETE FROM timeline WHERE user_id = $1", [user.0.into()]).await?;
    let backlog = backlog(tx, user, settings, oldest).await?;
    for part in backlog.chunks(CHUNK) {
        let mut insert = Query::insert();
        insert
            .into_table("timeline")
            .columns(["user_id", "post_id", "author_id", "score", "created_at"])
            .on_conflict(OnConflict::new().do_nothing().to_owned());
        for post in part {
            let score = post.score(tx.now());
            insert.values_panic([
                Expr::value(user.0),
                Expr::value(post.id),
                Expr::value(post.author_id),
                Expr::value(score),
                Expr::value(post.created_at),
            ]);
        }
        tx.execute(&insert).await?;
    }
    Ok(true)
}

/// A post that a timeline begins with.
struct Post {
    id: i64,
    author_id: i64,
    likes: i64,
    comments: i64,
    created_at: DateTime<Utc>,
    followed_at: DateTime<Utc>,
}

impl Post {
    fn score(&self, now: DateTime<Utc>) -> f64 {
        let hours = |since: DateTime<Utc>| (now - since).max(TimeDelta::zero()).as_seconds_f64() / 3600.0;
        ranking::backlog_score(
            self.likes,
            self.comments,
            hours(self.created_at),
            hours(self.followed_at),
        )
    }
}

/// The newest posts of the people followed last. Of each of them no more posts are looked at than a timeline begins with,
/// so that the cost is bounded however much they write.
async fn backlog(tx: &Tx, user: UserId, settings: &FeedSettings, oldest: i64) -> Result<Vec<Post>, DbErr> {
    let (posts, follows) = (settings.backlog_posts.0, settings.backlog_follows.0);
    // The inner parts are answered from the index `posts_shared` alone; only the posts that are taken are read.
    let text = format!(
        "SELECT p.id, p.author_id, p.like_count, p.comment_count, p.created_at, c.since \
         FROM (SELECT p.id, r.since \
         FROM (SELECT f.followee_id, f.created_at AS since, COALESCE((SELECT p.id FROM posts p \
         WHERE p.author_id = f.followee_id AND p.id >= $2 AND {SHARED} \
         ORDER BY p.id DESC LIMIT 1 OFFSET {}), $2) AS oldest \
         FROM follows f WHERE f.follower_id = $1 \
         ORDER BY f.created_at DESC, f.followee_id DESC LIMIT {follows}) r \
         JOIN posts p ON p.author_id = r.followee_id AND p.id >= r.oldest WHERE {SHARED} \
         ORDER BY p.id DESC LIMIT {posts}) c JOIN posts p ON p.id = c.id ORDER BY p.id DESC",
        posts - 1
    );
    let rows = sql::all(tx, text, [user.0.into(), oldest.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Post {
                id: row.try_get_by_index(0)?,
                author_id: row.try_get_by_index(1)?,
                likes: row.try_get_by_index(2)?,
                comments: row.try_get_by_index(3)?,
                created_at: row.try_get_by_index(4)?,
                followed_at: row.try_get_by_index(5)?,
            })
        })
        .collect()
}
