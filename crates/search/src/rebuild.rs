//! Making the indexes anew from what the database holds: all of it in batches, with a mark of how far it got, so that it goes
//! on there after it was broken off.

use std::time::Duration;

use platform::{App, db::Engine as Database, jobs::Job};
use sea_orm::{ConnectionTrait as _, DbErr, Statement, Value};
use serde::{Deserialize, Serialize};

use crate::{
    engine::{self, Engine as _, LARGEST_BATCH, What},
    index::{follow_later, opensearch},
};

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Everything up to this id is done.
    pub last_id: i64,
    /// How much that is.
    pub refreshed: i64,
}

/// Where a rebuild was broken off; `None` if none was.
pub async fn broken_off(app: &App, what: What) -> Result<Option<Progress>, DbErr> {
    let on = app.db().reader();
    let statement = Statement::from_sql_and_values(
        on.get_database_backend(),
        "SELECT last_id, refreshed FROM search_rebuilds WHERE what = $1",
        [what.word().into()],
    );
    let Some(row) = on.query_one_raw(statement).await? else {
        return Ok(None);
    };
    Ok(Some(Progress {
        last_id: row.try_get_by_index(0)?,
        refreshed: row.try_get_by_index(1)?,
    }))
}

/// Refreshes every index from `progress` on, to the end. Returns how much was refreshed, with what was before.
pub async fn run(
    app: &App,
    what: What,
    mut progress: Progress,
    mut tell: impl FnMut(Progress) + Send,
) -> anyhow::Result<i64> {
    while let Some(next) = step(app, what, progress).await? {
        progress = next;
        remember(app, what, progress).await?;
        tell(progress);
    }
    forget(app, what).await?;
    Ok(progress.refreshed)
}

/// Refreshes the next batch; `None` at the end.
async fn step(app: &App, what: What, progress: Progress) -> anyhow::Result<Option<Progress>> {
    let ids = ids_after(app, what, progress.last_id).await?;
    let Some(last) = ids.last() else {
        return Ok(None);
    };
    engine::of_database(app).refresh(app, what, &ids).await?;
    if let Some(engine) = opensearch(app) {
        engine.refresh(app, what, &ids).await?;
    }
    Ok(Some(Progress {
        last_id: *last,
        refreshed: progress.refreshed + i64::try_from(ids.len())?,
    }))
}

async fn ids_after(app: &App, what: What, after: i64) -> Result<Vec<i64>, DbErr> {
    let on = app.db().reader();
    Ok(match what {
        What::Users => {
            let users = identity::searchable_users_after(on, after, LARGEST_BATCH).await?;
            users.iter().map(|user| user.id.0).collect()
        }
        What::Posts => {
            let posts = social::searchable_posts_after(on, after, LARGEST_BATCH).await?;
            posts.iter().map(|post| post.id).collect()
        }
    })
}

async fn remember(app: &App, what: What, progress: Progress) -> Result<(), DbErr> {
    let text = "INSERT INTO search_rebuilds (what, last_id, refreshed) VALUES ($1, $2, $3) \
                ON CONFLICT (what) DO UPDATE SET last_id = excluded.last_id, refreshed = excluded.refreshed";
    let values = [
        what.word().into(),
        progress.last_id.into(),
        progress.refreshed.into(),
    ];
    write(app, text, &values).await
}

async fn forget(app: &App, what: What) -> Result<(), DbErr> {
    write(
        app,
        "DELETE FROM search_rebuilds WHERE what = $1",
        &[what.word().into()],
    )
    .await
}

async fn write(app: &App, text: &str, values: &[Value]) -> Result<(), DbErr> {
    app.db()
        .write(|tx| async move {
            let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values.to_vec());
            tx.execute_raw(statement).await.map(drop)
        })
        .await
}

/// Fills an index of OpenSearch that was just made.
#[derive(Debug, Serialize, Deserialize)]
pub struct FillIndex {
    pub what: What,
}

impl Job for FillIndex {
    const NAME: &'static str = "search.fill_index";
    const MAX_ATTEMPTS: u32 = 100;
    const TIMEOUT: Duration = Duration::from_hours(6);

    async fn run(self, app: App) -> anyhow::Result<()> {
        // From the start: the mark of a rebuild that was broken off says nothing about an index that is new.
        let mut progress = Progress::default();
        while let Some(next) = step(&app, self.what, progress).await? {
            progress = next;
        }
        tracing::info!(
            what = self.what.word(),
            refreshed = progress.refreshed,
            "filled the index of OpenSearch"
        );
        Ok(())
    }
}

/// Puts into the database's index what never had an event: rows that were there before the index, or were written by hand.
#[derive(Debug, Serialize, Deserialize)]
pub struct MendIndex {}

impl Job for MendIndex {
    const NAME: &'static str = "search.mend_index";
    const TIMEOUT: Duration = Duration::from_hours(1);

    async fn run(self, app: App) -> anyhow::Result<()> {
        for what in [What::Users, What::Posts] {
            let mut mended = 0;
            loop {
                let ids = missing(&app, what).await?;
                if ids.is_empty() {
                    break;
                }
                mended += ids.len();
                // OpenSearch first: once they are in the database's index, they are missing no more.
                follow_later(&app, what, &ids).await?;
                engine::of_database(&app).refresh(&app, what, &ids).await?;
            }
            if mended > 0 {
                tracing::info!(
                    what = what.word(),
                    mended,
                    "found rows without a place in the index"
                );
            }
        }
        Ok(())
    }
}

async fn missing(app: &App, what: What) -> Result<Vec<i64>, DbErr> {
    let (source, table, key) = match what {
        What::Users => ("users", "search_users", "user_id"),
        What::Posts => ("posts", "search_posts", "post_id"),
    };
    let text = format!(
        "SELECT s.id FROM {source} s WHERE NOT EXISTS (SELECT 1 FROM {table} x WHERE x.{key} = s.id) \
         LIMIT {LARGEST_BATCH}"
    );
    let engine: Database = app.db().engine();
    let rows = app
        .db()
        .reader()
        .query_all_raw(platform::db::sql(engine, text))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
