//! What each account was told lately, for clients that were away: in memory, or in Redis.
//!
//! An account has a log from its first connection on, and for a day after the last. A client says which event it had last
//! and gets those after it, or learns that the log does not go back that far.

mod memory;
mod redis;
#[cfg(test)]
mod tests;

use axum::extract::ws::Utf8Bytes;
use platform::{App, id::UserId, pubsub::PubSubError};

use self::{memory::MemoryLog, redis::RedisLog};
use crate::settings::RealtimeSettings;

/// Most bytes that are repeated to one connection; a client that missed more does better to read the lists.
const MOST_BYTES: usize = 2 << 20;
/// Events before the ones asked for whose ids are told, too: they may be on their way still.
const BEFORE: usize = 256;

/// The logs.
pub enum Log {
    /// Of one process.
    Memory(MemoryLog),
    /// Of all processes.
    Redis(RedisLog),
}

/// What came after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// These, the oldest first.
    Events {
        /// Ids of events that came shortly before.
        before: Vec<i64>,
        /// The events and their frames.
        events: Vec<(i64, Utf8Bytes)>,
    },
    /// Nobody knows any more, or it is too much. The log goes on after this event.
    Lost(i64),
}

/// An event for some accounts, ready to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its id.
    pub event: i64,
    /// The frame, with the id in it.
    pub frame: &'a Utf8Bytes,
}

impl Log {
    /// That of the instance.
    pub fn of(app: &App, settings: &RealtimeSettings) -> Self {
        let most = settings.log_events.0 as usize;
        match app.pubsub().broker() {
            Some((redis, prefix)) => Log::Redis(RedisLog::new(
                redis.clone(),
                prefix.clone(),
                most,
                settings.log_lifetime(),
            )),
            None => Log::Memory(MemoryLog::new(
                app.pubsub().clone(),
                app.clock().clone(),
                most,
                settings.log_lifetime(),
            )),
        }
    }

    /// Begins or prolongs the log of an account; returns its last event, or if it has none `fresh`, which it then begins
    /// with and which must never have been used.
    pub async fn open(&self, user: UserId, fresh: i64) -> Result<i64, PubSubError> {
        match self {
            Log::Memory(log) => Ok(log.open(user, fresh)),
            Log::Redis(log) => log.open(user, fresh).await,
        }
    }

    /// What an account was told after `last`; `fresh` as in [`Log::open`].
    pub async fn after(&self, user: UserId, last: i64, fresh: i64) -> Result<Missed, PubSubError> {
        match self {
            Log::Memory(log) => Ok(log.after(user, last, fresh)),
            Log::Redis(log) => log.after(user, last, fresh).await,
        }
    }

    /// Forgets the logs of those who have been away for long. In Redis they expire by themselves.
    pub fn tidy(&self) {
        if let Log::Memory(log) = self {
            log.tidy();
        }
    }

    /// Adds an event to the logs of these accounts and publishes it, in one step: the order of a log is the order in which
    /// gateways hear its events. Accounts whose log has it already are passed over.
    pub async fn tell(&self, entry: Entry<'_>, to: &[UserId]) -> Result<(), PubSubError> {
        match self {
            Log::Memory(log) => log.tell(entry, to).await,
            Log::Redis(log) => log.tell(entry, to).await,
        }
    }
}
