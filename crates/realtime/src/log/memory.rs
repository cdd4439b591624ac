use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use axum::extract::ws::Utf8Bytes;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use platform::{
    clock::Clock,
    id::UserId,
    pubsub::{PubSub, PubSubError},
};

use super::{BEFORE, Entry, MOST_BYTES, Missed};
use crate::channels;

/// Accounts that have a log at most; those that were connected longest ago go first.
const MOST_LOGS: usize = 50_000;

/// The logs of an instance that is one process.
pub struct MemoryLog {
    logs: Mutex<HashMap<UserId, Ring>>,
    /// Held while an event goes into the logs and out to the gateway, so that both have the same order.
    turn: tokio::sync::Mutex<()>,
    pubsub: PubSub,
    clock: Clock,
    most: usize,
    lifetime: chrono::Duration,
}

struct Ring {
    /// What it began with.
    head: i64,
    entries: VecDeque<Kept>,
    bytes: usize,
    opened_at: DateTime<Utc>,
}

struct Kept {
    event: i64,
    frame: Utf8Bytes,
    at: DateTime<Utc>,
}

impl MemoryLog {
    pub fn new(pubsub: PubSub, clock: Clock, most: usize, lifetime: Duration) -> Self {
        Self {
            logs: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            pubsub,
            clock,
            most,
            lifetime: chrono::Duration::from_std(lifetime).unwrap_or(chrono::Duration::MAX),
        }
    }

    pub fn open(&self, user: UserId, fresh: i64) -> i64 {
        let mut logs = self.logs.lock();
        if logs.len() >= MOST_LOGS && !logs.contains_key(&user) {
            forget_oldest(&mut logs);
        }
        let now = self.clock.now();
        let ring = logs.entry(user).or_insert_with(|| Ring {
            head: fresh,
            entries: VecDeque::new(),
            bytes: 0,
            opened_at: now,
        });
        ring.opened_at = now;
        ring.last()
    }

    pub fn after(&self, user: UserId, last: i64, fresh: i64) -> Missed {
        let found = self
            .logs
            .lock()
            .get_mut(&user)
            .and_then(|ring| ring.after(last, self.oldest()));
        found.unwrap_or_else(|| Missed::Lost(self.open(user, fresh)))
    }

    pub async fn tell(&self, entry: Entry<'_>, to: &[UserId]) -> Result<(), PubSubError> {
        let _turn = self.turn.lock().await;
        let news: Vec<UserId> = to.iter().copied().filter(|user| self.add(*user, entry)).collect();
        channels::send(&self.pubsub, &news, entry.frame.clone().into()).await
    }

    /// Adds an event to the log of an account, if there is one; says whether it is news.
    fn add(&self, user: UserId, entry: Entry<'_>) -> bool {
        let mut logs = self.logs.lock();
        let Some(ring) = logs.get_mut(&user) else {
            return true;
        };
        if ring.entries.iter().rev().any(|kept| kept.event == entry.event) {
            return false;
        }
        ring.bytes += entry.frame.len();
        ring.entries.push_back(Kept {
            event: entry.event,
            frame: entry.frame.clone(),
            at: self.clock.now(),
        });
        while ring.entries.len() > self.most || ring.bytes > MOST_BYTES {
            ring.drop_first();
        }
        true
    }

    fn oldest(&self) -> DateTime<Utc> {
        self.clock
            .now()
            .checked_sub_signed(self.lifetime)
            .unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    pub fn tidy(&self) {
        let oldest = self.oldest();
        self.logs.lock().retain(|_, ring| {
            ring.drop_older(oldest);
            ring.opened_at >= oldest
        });
    }
}

impl Ring {
    fn last(&self) -> i64 {
        self.entries.back().map_or(self.head, |kept| kept.event)
    }

    fn drop_first(&mut self) {
        if let Some(kept) = self.entries.pop_front() {
            self.bytes -= kept.frame.len();
            // Whoever had this one last has missed nothing yet.
            self.head = kept.event;
        }
    }

    fn drop_older(&mut self, oldest: DateTime<Utc>) {
        while self.entries.front().is_some_and(|kept| kept.at < oldest) {
            self.drop_first();
        }
    }

    fn after(&mut self, last: i64, oldest: DateTime<Utc>) -> Option<Missed> {
        self.drop_older(oldest);
        let from = if last == self.head {
            0
        } else {
            1 + self.entries.iter().rposition(|kept| kept.event == last)?
        };
        let before = self.entries.range(from.saturating_sub(BEFORE)..from);
        Some(Missed::Events {
            before: before.map(|kept| kept.event).collect(),
            events: self
                .entries
                .range(from..)
                .map(|kept| (kept.event, kept.frame.clone()))
                .collect(),
        })
    }
}

fn forget_oldest(logs: &mut HashMap<UserId, Ring>) {
    let oldest = logs.iter().min_by_key(|(_, ring)| ring.opened_at);
    if let Some(user) = oldest.map(|(user, _)| *user) {
        logs.remove(&user);
    }
}
