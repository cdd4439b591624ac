//! What a gateway does for presence while it runs: it follows who comes and goes, and says that it is still there.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use platform::{App, id::UserId, pubsub::PubSubError};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, sleep_until},
};

use super::{Presence, settings};
use crate::{
    gateway::Gateway,
    hub::{Change, Hub},
};

/// How often a gateway says that it is there.
const BEAT: Duration = Duration::from_secs(10);

/// What this gateway has registered, and who is about to go.
struct Roll {
    /// How long somebody without a connection still counts as online.
    grace: Duration,
    here: HashSet<UserId>,
    leaving: HashMap<UserId, Instant>,
}

impl Roll {
    fn new(grace: Duration) -> Self {
        Self {
            grace,
            here: HashSet::new(),
            leaving: HashMap::new(),
        }
    }

    /// Looks at accounts anew; those to register.
    fn look(&mut self, users: &[UserId], now: Instant, is_connected: impl Fn(UserId) -> bool) -> Vec<UserId> {
        let mut coming = Vec::new();
        for &user in users {
            if is_connected(user) {
                self.leaving.remove(&user);
                if !self.here.contains(&user) {
                    coming.push(user);
                }
            } else if self.here.contains(&user) {
                let goes_at = now + self.grace;
                self.leaving.entry(user).or_insert(goes_at);
            }
        }
        coming
    }

    /// Those whose time has come.
    fn due(&self, now: Instant) -> Vec<UserId> {
        let due = self.leaving.iter().filter(|(_, at)| **at <= now);
        due.map(|(user, _)| *user).collect()
    }

    fn next_due(&self) -> Option<Instant> {
        self.leaving.values().min().copied()
    }
}

enum Happened {
    Changed(Vec<UserId>),
    /// Changes were lost: everybody is looked at.
    Lost,
    Due,
    Beat,
}

/// Runs until the process ends. What its gateway registered then stays until others find it gone: clients that are told to
/// reconnect do so within that time, and nobody sees it.
pub async fn run(app: App, gateway: Arc<Gateway>) {
    let settings = settings::of(&app);
    let Some(presence) = Presence::of(&app).filter(|_| settings.enabled) else {
        return;
    };
    let hub = &gateway.hub;
    let mut changes = hub.changes();
    let mut roll = Roll::new(Duration::from_secs(settings.grace_seconds.into()));
    let mut beat = Instant::now();
    let mut happened = Happened::Lost;
    loop {
        let due = match follow(&app, &presence, hub, &mut roll, happened).await {
            Ok(()) => roll.next_due().unwrap_or(beat).min(beat),
            // The next beat finds out what is missing; whoever is due waits for it, too.
            Err(error) => {
                tracing::debug!(%error, "who is online could not be registered");
                beat
            }
        };
        happened = tokio::select! {
            changed = changes.recv() => match changed {
                Ok(change) => Happened::Changed(drain(change, &mut changes)),
                Err(RecvError::Lagged(_)) => Happened::Lost,
                Err(RecvError::Closed) => return,
            },
            () = sleep_until(due) => if Instant::now() >= beat {
                beat = Instant::now() + BEAT;
                Happened::Beat
            } else {
                Happened::Due
            },
            () = app.stopping().cancelled() => return,
        };
    }
}

/// What else has changed, so that many are registered at once.
fn drain(first: Change, changes: &mut Receiver<Change>) -> Vec<UserId> {
    let mut users = vec![first.user()];
    while let Ok(change) = changes.try_recv() {
        users.push(change.user());
    }
    users.sort_unstable();
    users.dedup();
    users
}

async fn follow(
    app: &App,
    presence: &Presence,
    hub: &Hub,
    roll: &mut Roll,
    happened: Happened,
) -> Result<(), PubSubError> {
    let registry = &presence.parts(app).registry;
    let users = match happened {
        Happened::Changed(users) => users,
        Happened::Due => Vec::new(),
        Happened::Lost => everybody(hub, roll),
        Happened::Beat => {
            loop {
                let beat = registry.beat().await?;
                if beat.was_forgotten {
                    roll.here.clear();
                }
                presence.announce(app, &beat.gone, false);
                if !beat.has_more {
                    break;
                }
            }
            everybody(hub, roll)
        }
    };
    let coming = roll.look(&users, Instant::now(), |user| hub.has(user));
    let news = registry.enter(&coming).await?;
    roll.here.extend(coming);
    presence.announce(app, &news, true);
    let going = roll.due(Instant::now());
    if going.is_empty() {
        return Ok(());
    }
    let gone = registry.leave(&going).await?;
    for user in &going {
        roll.here.remove(user);
        roll.leaving.remove(user);
    }
    presence.announce(app, &gone, false);
    Ok(())
}

fn everybody(hub: &Hub, roll: &Roll) -> Vec<UserId> {
    let connected = hub.users().into_iter().map(|(user, _)| user);
    connected.chain(roll.here.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(1);
    const GRACE: Duration = Duration::from_secs(10);

    #[test]
    fn whoever_comes_back_in_time_was_never_away() {
        let mut roll = Roll::new(GRACE);
        let start = Instant::now();
        assert_eq!(roll.look(&[ANN], start, |_| true), [ANN]);
        roll.here.insert(ANN);
        assert!(roll.look(&[ANN], start, |_| true).is_empty());
        assert!(roll.look(&[ANN], start, |_| false).is_empty());
        let soon = start + GRACE / 2;
        assert!(roll.due(soon).is_empty());
        assert!(roll.look(&[ANN], soon, |_| true).is_empty());
        let later = soon + GRACE;
        assert!(roll.due(later).is_empty());
        roll.look(&[ANN], later, |_| false);
        // Not seen again later than it is: the first loss counts.
        roll.look(&[ANN], later + GRACE / 2, |_| false);
        assert_eq!(roll.due(later + GRACE), [ANN]);
    }

    #[test]
    fn whoever_was_not_registered_does_not_leave() {
        let mut roll = Roll::new(GRACE);
        assert!(roll.look(&[ANN], Instant::now(), |_| false).is_empty());
        assert_eq!(roll.next_due(), None);
    }
}
