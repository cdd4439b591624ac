//! Who may know whether somebody is online: those who follow each other, and those who share a conversation. Never across a
//! block, never of somebody who does not want it, and never of somebody whose profile they may not see.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use platform::{
    App,
    db::{Engine, list_of},
    http::Viewer,
    id::UserId,
};
use sea_orm::{ConnectionTrait as _, DbErr};

use super::{
    Presence,
    records::{raw, statement},
    settings,
};

/// Friends, and people of conversations, who are told at most: those of the latest follows and conversations.
const MOST: u64 = 500;

/// Asks for accounts that share a conversation with one.
#[derive(Debug, Clone, Copy)]
pub enum Mates<'a> {
    /// So many, those of the latest conversations.
    Latest(u64),
    /// Which of these.
    Among(&'a [UserId]),
}

/// Finds accounts that share a conversation with one.
pub type FindMates = for<'a> fn(&'a App, UserId, Mates<'a>) -> BoxFuture<'a, Result<Vec<UserId>, DbErr>>;

/// The port that the domain of conversations plugs itself into.
#[derive(Clone, Copy)]
pub struct Companions(pub FindMates);

async fn mates(app: &App, user: UserId, mates: Mates<'_>) -> Result<Vec<UserId>, DbErr> {
    match app.settings::<Companions>() {
        Some(companions) => (companions.0)(app, user, mates).await,
        None => Ok(Vec::new()),
    }
}

/// Who may know whether `user` is online; the bounds of [`MOST`] apply. Three statements.
pub async fn of(app: &App, user: UserId) -> Result<Vec<UserId>, DbErr> {
    let on = app.db().reader();
    let friends = format!(
        "SELECT f.followee_id FROM follows f WHERE f.follower_id = $1 AND EXISTS \
         (SELECT 1 FROM follows b WHERE b.follower_id = f.followee_id AND b.followee_id = $1) \
         ORDER BY f.created_at DESC LIMIT {MOST}"
    );
    let rows = on.query_all_raw(statement(on, &friends, [user.0.into()])).await?;
    let mut candidates = Vec::with_capacity(rows.len());
    for row in rows {
        candidates.push(UserId(row.try_get_by_index(0)?));
    }
    candidates.extend(mates(app, user, Mates::Latest(MOST)).await?);
    candidates.sort_unstable();
    candidates.dedup();
    if candidates.is_empty() {
        return Ok(candidates);
    }
    let text = format!(
        "SELECT v.id FROM users v WHERE v.id IN {} AND v.is_active AND v.id <> $1 AND {} AND {}",
        Engine::of(on).list("$2"),
        not_blocked("v.id", "$1"),
        identity::shows_profile_to("v.id", "$1"),
    );
    let rows = on
        .query_all_raw(statement(on, &text, [user.0.into(), list_of(&raw(&candidates))]))
        .await?;
    rows.iter()
        .map(|row| Ok(UserId(row.try_get_by_index(0)?)))
        .collect()
}

/// What somebody may know of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub user: UserId,
    pub is_online: bool,
    /// When they were last seen connected or connecting; `None` while they are, or if that must not be known.
    pub last_seen_at: Option<DateTime<Utc>>,
}

/// What a viewer may know of these accounts, in their order. Strangers, and ids of nobody, look as if they were never there.
/// Two statements.
pub async fn shown(app: &App, viewer: &Viewer, users: &[UserId]) -> Result<Vec<Shown>, DbErr> {
    let known = if settings::of(app).enabled {
        known(app, viewer, users).await?
    } else {
        Vec::new()
    };
    let ids: Vec<UserId> = known.iter().map(|(user, _)| *user).collect();
    let online = match Presence::of(app) {
        Some(presence) if !ids.is_empty() => presence.parts(app).registry.online(&ids).await,
        _ => HashSet::new(),
    };
    let shown = users.iter().map(|&user| {
        let seen = known.iter().find(|(known, _)| *known == user);
        let is_online = online.contains(&user);
        Shown {
            user,
            is_online,
            last_seen_at: seen.and_then(|(_, at)| *at).filter(|_| !is_online),
        }
    });
    Ok(shown.collect())
}

/// Those of these accounts of whom the viewer may know, and when they were last seen.
async fn known(
    app: &App,
    viewer: &Viewer,
    users: &[UserId],
) -> Result<Vec<(UserId, Option<DateTime<Utc>>)>, DbErr> {
    let on = app.db().reader();
    let follows = |one: &str, other: &str| {
        format!("EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = {one} AND f.followee_id = {other})")
    };
    let text = format!(
        "SELECT u.id, p.last_seen_at, u.id = $1 OR ({} AND {}) FROM users u LEFT JOIN presence p ON p.user_id = u.id \
         WHERE u.id IN {} AND u.is_active AND (u.id = $1 OR (COALESCE(p.is_shown, TRUE) AND {} AND {}))",
        follows("$1", "u.id"),
        follows("u.id", "$1"),
        Engine::of(on).list("$2"),
        not_blocked("$1", "u.id"),
        identity::shows_profile_to("$1", "u.id"),
    );
    let found = statement(on, &text, [viewer.id.0.into(), list_of(&raw(users))]);
    let (rows, mates) = tokio::try_join!(
        on.query_all_raw(found),
        mates(app, viewer.id, Mates::Among(users))
    )?;
    let mut known = Vec::with_capacity(rows.len());
    for row in rows {
        let user = UserId(row.try_get_by_index(0)?);
        let is_friend: bool = row.try_get_by_index(2)?;
        if is_friend || mates.contains(&user) {
            known.push((user, row.try_get_by_index(1)?));
        }
    }
    Ok(known)
}

/// True where neither has blocked the other.
fn not_blocked(one: &str, other: &str) -> String {
    let blocks = |one: &str, other: &str| {
        format!("EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = {one} AND b.target_id = {other})")
    };
    format!("NOT {} AND NOT {}", blocks(one, other), blocks(other, one))
}
