//! Which accounts are connected to which gateway: in this process, or in Redis for all of them.

mod redis;

use std::collections::HashSet;

use parking_lot::Mutex;
use platform::{App, clock::random_hex, id::UserId, pubsub::PubSubError};

use self::redis::RedisRegistry;

/// Accounts that one step moves at once.
pub const BATCH: usize = 500;

/// The accounts that are online.
pub enum Registry {
    /// This process is the only gateway.
    Memory(Mutex<HashSet<UserId>>),
    /// Several may be.
    Redis(RedisRegistry),
}

/// What a gateway learns when it says that it is still there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Nobody knew of it any more: what it registered is gone.
    pub was_forgotten: bool,
    /// Accounts of gateways that are gone, which nobody else has.
    pub gone: Vec<UserId>,
    /// There are more of them: the next beat finds them.
    pub has_more: bool,
}

impl Registry {
    /// The one that this process's publish/subscribe goes by.
    pub fn of(app: &App) -> Self {
        match app.pubsub().broker() {
            Some((client, prefix)) => {
                Self::Redis(RedisRegistry::new(client.clone(), prefix, &random_hex::<8>()))
            }
            None => Self::Memory(Mutex::default()),
        }
    }

    /// Registers accounts here; those that nobody had before.
    pub async fn enter(&self, users: &[UserId]) -> Result<Vec<UserId>, PubSubError> {
        match self {
            Self::Memory(online) => {
                let mut online = online.lock();
                Ok(users
                    .iter()
                    .copied()
                    .filter(|user| online.insert(*user))
                    .collect())
            }
            Self::Redis(registry) => registry.enter(users).await,
        }
    }

    /// Takes accounts out here; those that nobody has any more.
    pub async fn leave(&self, users: &[UserId]) -> Result<Vec<UserId>, PubSubError> {
        match self {
            Self::Memory(online) => {
                let mut online = online.lock();
                Ok(users.iter().copied().filter(|user| online.remove(user)).collect())
            }
            Self::Redis(registry) => registry.leave(users).await,
        }
    }

    /// Says that this gateway is there.
    pub async fn beat(&self) -> Result<Beat, PubSubError> {
        match self {
            Self::Memory(_) => Ok(Beat::default()),
            Self::Redis(registry) => registry.beat().await,
        }
    }

    /// Those of these accounts that are online; nobody while Redis is away.
    pub async fn online(&self, users: &[UserId]) -> HashSet<UserId> {
        match self {
            Self::Memory(online) => {
                let online = online.lock();
                users
                    .iter()
                    .copied()
                    .filter(|user| online.contains(user))
                    .collect()
            }
            Self::Redis(registry) => registry.online(users).await.unwrap_or_else(|error| {
                tracing::debug!(%error, "who is online is not known");
                HashSet::new()
            }),
        }
    }
}
