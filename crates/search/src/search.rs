//! From a search to what the viewer is shown: which engine is asked, and what of its hits is answered.

use std::time::Duration;

use identity::UserView;
use platform::{App, http::Origin, outbox};
use sea_orm::DbErr;
use social::PostView;

use crate::{
    engine::{self, Ask, Engine, EngineError, What},
    fold::fold,
    index::{self, opensearch},
    query::Query,
};

/// How long a search of the database waits for what was written before it and is on its way to the index.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often an engine is asked for more when hits may not be shown.
const MOST_ROUNDS: usize = 5;

/// The people that an ask finds, as its viewer sees them.
pub async fn users(app: &App, ask: Ask<'_>) -> Result<Vec<UserView>, DbErr> {
    answer(app, ask, &People).await
}

/// The posts that an ask finds, as its viewer sees them.
pub async fn posts(app: &App, origin: &Origin, ask: Ask<'_>) -> Result<Vec<PostView>, DbErr> {
    answer(app, ask, &Posts { origin }).await
}

/// What becomes of hits: the last to decide what the viewer is shown.
#[async_trait::async_trait]
trait Show: Sync {
    type Shown: Send;

    /// In the order of the ids, without those that the viewer does not see.
    async fn show(&self, app: &App, ask: &Ask<'_>, ids: &[i64]) -> Result<Vec<Self::Shown>, DbErr>;
}

struct People;

#[async_trait::async_trait]
impl Show for People {
    type Shown = UserView;

    async fn show(&self, app: &App, ask: &Ask<'_>, ids: &[i64]) -> Result<Vec<UserView>, DbErr> {
        let mut shown = identity::listed_users(app.db().reader(), ask.viewer, ids).await?;
        shown.retain(|_, user| is_meant(user, ask.query));
        Ok(ids.iter().filter_map(|id| shown.remove(id)).collect())
    }
}

struct Posts<'a> {
    origin: &'a Origin,
}

#[async_trait::async_trait]
impl Show for Posts<'_> {
    type Shown = PostView;

    async fn show(&self, app: &App, ask: &Ask<'_>, ids: &[i64]) -> Result<Vec<PostView>, DbErr> {
        social::posts_shown_to(app, Some(ask.viewer), self.origin, ids).await
    }
}

/// Whether a hit can be explained by what the viewer sees of it. OpenSearch does not know who reads which biography: to
/// answer with somebody whose biography is hidden would tell what is in it.
fn is_meant(user: &UserView, query: &Query) -> bool {
    if !user.bio.is_empty() {
        return true;
    }
    let names = fold(&format!("{}\n{}", user.handle, user.name));
    names.contains(&query.needle) || query.words().any(|word| names.contains(word))
}

async fn answer<S: Show>(app: &App, ask: Ask<'_>, show: &S) -> Result<Vec<S::Shown>, DbErr> {
    if ask.walk.take == 0 || ask.query.is_in_no_text() {
        return Ok(Vec::new());
    }
    // To OpenSearch a hashtag is a word like any other.
    let is_tag = ask.what == What::Posts && ask.query.is_hashtag();
    if let Some(engine) = opensearch(app).filter(|_| !is_tag) {
        match gather(app, engine.as_ref(), ask, show).await {
            Ok(found) => return Ok(found),
            Err(EngineError::Database(error)) => return Err(error),
            Err(error @ (EngineError::Away(_) | EngineError::Refused(_))) => {
                metrics::counter!("selflink_search_fallbacks_total", "what" => ask.what.word()).increment(1);
                tracing::debug!(%error, "the database is searched instead");
            }
        }
    }
    outbox::settle(app, index::events(ask.what), PATIENCE).await?;
    match gather(app, engine::of_database(app), ask, show).await {
        Ok(found) => Ok(found),
        Err(EngineError::Database(error)) => Err(error),
        Err(error) => Err(DbErr::Custom(error.to_string())),
    }
}

/// Asks an engine until there are enough hits that may be shown.
async fn gather<S: Show>(
    app: &App,
    engine: &dyn Engine,
    mut ask: Ask<'_>,
    show: &S,
) -> Result<Vec<S::Shown>, EngineError> {
    let mut found = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let hits = engine.find(app, &ask).await?;
        found.extend(show.show(app, &ask, &hits.ids).await?);
        if found.len() >= ask.walk.take || !hits.has_more {
            break;
        }
        ask.skip += hits.ids.len();
    }
    found.truncate(ask.walk.take);
    Ok(found)
}
