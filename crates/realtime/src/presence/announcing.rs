//! Telling people that somebody came or went.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};
use platform::{App, http::Timestamp, id::UserId};
use sea_orm::DbErr;
use serde_json::json;
use tokio::sync::mpsc;

use super::{Presence, audience, records, registry::BATCH};
use crate::notices::publish_passing;

/// Announcements under way at the same time: each costs a few statements.
const AT_A_TIME: usize = 4;

/// Somebody came or went.
#[derive(Debug, Clone, Copy)]
pub struct Transition {
    pub user: UserId,
    pub is_online: bool,
    pub at: DateTime<Utc>,
}

/// Announces transitions until the process ends.
pub async fn run(app: App, mut waiting: mpsc::Receiver<Transition>) {
    let mut some = Vec::new();
    loop {
        let received = tokio::select! {
            received = waiting.recv_many(&mut some, BATCH) => received,
            () = app.stopping().cancelled() => return,
        };
        if received == 0 {
            return;
        }
        if let Err(error) = announce(&app, &some).await {
            tracing::warn!(%error, "it could not be told who is online");
        }
        some.clear();
    }
}

async fn announce(app: &App, transitions: &[Transition]) -> Result<(), DbErr> {
    let users: Vec<UserId> = transitions.iter().map(|transition| transition.user).collect();
    // Written when they come, too: a process that dies leaves that.
    records::note(app, &users, app.clock().now()).await?;
    let hidden = &records::hidden(app.db().reader(), &users).await?;
    stream::iter(latest(transitions))
        .filter(|transition| std::future::ready(!hidden.contains(&transition.user)))
        .for_each_concurrent(AT_A_TIME, |transition| async move {
            match audience::of(app, transition.user).await {
                Ok(audience) => tell(app, transition, &audience).await,
                Err(error) => tracing::warn!(%error, "it could not be told who is online"),
            }
        })
        .await;
    Ok(())
}

/// The last transition of each account.
fn latest(transitions: &[Transition]) -> Vec<Transition> {
    let mut seen = HashSet::new();
    let from_the_end = transitions.iter().rev();
    from_the_end
        .copied()
        .filter(|transition| seen.insert(transition.user))
        .collect()
}

/// Tells those of the audience who are connected.
pub async fn tell(app: &App, transition: Transition, audience: &[UserId]) {
    let Some(presence) = Presence::of(app) else {
        return;
    };
    let connected = presence.parts(app).registry.online(audience).await;
    if connected.is_empty() {
        return;
    }
    let frame = json!({
        "type": "presence",
        "user_id": transition.user.0,
        "thread_id": null,
        "status": status(transition.is_online),
        "timestamp": Timestamp(transition.at),
    });
    let to: Vec<UserId> = connected.into_iter().collect();
    match publish_passing(app, &to, &frame).await {
        Ok(()) => metrics::counter!("selflink_presence_announced_total").increment(1),
        Err(error) => tracing::debug!(%error, "a change of presence was not told"),
    }
}

/// The word for it.
pub fn status(is_online: bool) -> &'static str {
    if is_online { "online" } else { "offline" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_account_the_last_transition_counts() {
        let transition = |user, is_online| Transition {
            user: UserId(user),
            is_online,
            at: DateTime::UNIX_EPOCH,
        };
        let told = latest(&[transition(1, true), transition(2, true), transition(1, false)]);
        let told: Vec<_> = told.iter().map(|told| (told.user.0, told.is_online)).collect();
        assert_eq!(told, [(1, false), (2, true)]);
    }
}
