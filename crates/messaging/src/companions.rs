//! Who shares a thread with whom, for telling who is online.

use std::collections::HashSet;

use futures::FutureExt as _;
use platform::{
    App,
    db::{Engine, list_of},
    domain::Plug,
    id::UserId,
};
use realtime::{Companions, Mates};
use sea_orm::DbErr;

use crate::sql;

/// Threads that are looked at for the latest companions.
const THREADS: u32 = 50;
/// Memberships that are read for each companion that is wanted: the same people are in several threads.
const MEMBERSHIPS: u64 = 4;

/// What this domain plugs into the gateway's presence.
pub struct Correspondents;

impl Plug for Correspondents {
    type Port = Companions;

    fn port() -> Companions {
        Companions(|app, user, mates| find(app, user, mates).boxed())
    }
}

async fn find(app: &App, user: UserId, mates: Mates<'_>) -> Result<Vec<UserId>, DbErr> {
    match mates {
        Mates::Latest(most) => latest(app, user, most).await,
        Mates::Among(users) => among(app, user, users).await,
    }
}

/// However large the threads are, a bounded number of memberships is read.
async fn latest(app: &App, user: UserId, most: u64) -> Result<Vec<UserId>, DbErr> {
    let text = format!(
        "SELECT other.user_id FROM (SELECT m.thread_id, t.updated_at FROM thread_members m \
         JOIN threads t ON t.id = m.thread_id WHERE m.user_id = $1 ORDER BY t.updated_at DESC LIMIT {THREADS}) own \
         JOIN thread_members other ON other.thread_id = own.thread_id AND other.user_id <> $1 \
         ORDER BY own.updated_at DESC LIMIT {}",
        most.saturating_mul(MEMBERSHIPS)
    );
    let found = sql::ids(app.db().reader(), text, [user.0.into()]).await?;
    let mut seen = HashSet::new();
    let each_once = found.into_iter().filter(|companion| seen.insert(*companion));
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Ok(each_once.take(most).map(UserId).collect())
}

async fn among(app: &App, user: UserId, users: &[UserId]) -> Result<Vec<UserId>, DbErr> {
    let text = format!(
        "SELECT DISTINCT other.user_id FROM thread_members m \
         JOIN thread_members other ON other.thread_id = m.thread_id \
         WHERE m.user_id = $1 AND other.user_id IN {}",
        Engine::of(app.db().reader()).list("$2")
    );
    let list: Vec<i64> = users.iter().map(|user| user.0).collect();
    let found = sql::ids(app.db().reader(), text, [user.0.into(), list_of(&list)]).await?;
    Ok(found.into_iter().map(UserId).collect())
}
