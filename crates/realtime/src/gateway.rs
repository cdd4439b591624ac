//! The gateway of this process: its connections, what it is subscribed to, the logs.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use futures::future::try_join_all;
use platform::{
    App,
    domain::Plug,
    id::UserId,
    limits::FixedWindows,
    pubsub::{Interest, Listener, PubSubError},
};
use tokio::sync::{OnceCell, broadcast};

use crate::{
    channels::{BROADCAST, FAN_OUT, RECHECK, user_channel},
    closing::Closing,
    fan_out,
    hub::{Cell, Change, Hub, Joined, Limits, Socket, Subscribed},
    log::Log,
    settings::{self, RealtimeSettings},
    upkeep,
};

/// One per process; found by [`Gateway::of`].
#[derive(Default)]
pub struct Gateway {
    /// Its connections.
    pub hub: Hub,
    parts: OnceLock<Parts>,
    hearing: OnceCell<Hearing>,
    /// How often accounts were looked at again: a connection that is being opened meanwhile is looked at, too.
    rechecks: AtomicU64,
}

struct Parts {
    settings: RealtimeSettings,
    log: Arc<Log>,
    connects: FixedWindows,
}

/// What every gateway listens to, from the first connection on.
struct Hearing {
    listener: Arc<Listener>,
    _interests: Vec<Interest>,
}

impl Plug for Gateway {
    type Port = Gateway;

    fn port() -> Gateway {
        Gateway::default()
    }
}

/// The logs of an instance, also where nothing connects.
pub fn log_of(app: &App) -> Option<Arc<Log>> {
    Gateway::of(app).map(|gateway| Arc::clone(&gateway.parts(app).log))
}

impl Gateway {
    /// That of this process.
    pub fn of(app: &App) -> Option<Arc<Self>> {
        app.settings()
    }

    fn parts(&self, app: &App) -> &Parts {
        self.parts.get_or_init(|| {
            let settings = settings::of(app);
            Parts {
                log: Arc::new(Log::of(app, &settings)),
                connects: FixedWindows::in_process(app.clock().clone()),
                settings,
            }
        })
    }

    /// Its settings.
    pub fn settings(&self, app: &App) -> &RealtimeSettings {
        &self.parts(app).settings
    }

    /// The logs.
    pub fn log(&self, app: &App) -> &Log {
        &self.parts(app).log
    }

    /// Counts a connection of an account; whether there were not too many lately.
    pub async fn may_connect(&self, app: &App, user: UserId) -> bool {
        let parts = self.parts(app);
        let Some(rate) = parts.settings.connect_rate else {
            return true;
        };
        let seconds = i64::try_from(rate.period.as_secs()).unwrap_or(i64::MAX);
        parts
            .connects
            .allow(&user.to_string(), i64::from(rate.count), seconds)
            .await
    }

    /// Listens to what concerns all connections; the first call begins to hand on what is heard.
    pub async fn start(self: &Arc<Self>, app: &App) -> Result<(), PubSubError> {
        self.hearing(app).await.map(drop)
    }

    async fn hearing(self: &Arc<Self>, app: &App) -> Result<&Hearing, PubSubError> {
        let start = async {
            let listener = Arc::new(app.pubsub().listener());
            let interests =
                try_join_all([FAN_OUT, RECHECK, BROADCAST].map(|channel| listener.subscribe(channel)));
            let hearing = Hearing {
                _interests: interests.await?,
                listener: Arc::clone(&listener),
            };
            app.tasks()
                .spawn(fan_out::run(app.clone(), Arc::clone(self), listener));
            app.tasks().spawn(upkeep::run(app.clone(), Arc::clone(self)));
            Ok(hearing)
        };
        self.hearing.get_or_try_init(|| start).await
    }

    /// How often accounts were looked at again so far.
    pub fn rechecks(&self) -> u64 {
        self.rechecks.load(Ordering::Acquire)
    }

    /// Accounts are about to be looked at again.
    pub fn count_recheck(&self) {
        self.rechecks.fetch_add(1, Ordering::Release);
    }

    /// Adds a connection and waits until everything that it is to hear is subscribed to.
    pub async fn enter(
        self: &Arc<Self>,
        app: &App,
        user: UserId,
        session: Option<i64>,
        channels: Vec<Arc<str>>,
    ) -> Result<Member, Closing> {
        let settings = self.settings(app);
        let limits = Limits {
            of_user: settings.sockets_per_user.0 as usize,
            queue_frames: settings.queue_frames.0 as usize,
        };
        let Joined {
            socket,
            position,
            user: cell,
            channels: cells,
        } = self.hub.join(user, session, &channels, limits);
        let mut member = Member {
            gateway: Arc::clone(self),
            socket,
            channels,
            position,
        };
        // After joining: whoever closes all connections at the end sees this one, or it sees the end.
        if app.stopping().is_cancelled() {
            return Err(Closing::Restart);
        }
        let subscribed = self.subscribe(app, user, &cell, &cells).await;
        let start = subscribed.map_err(|error| {
            tracing::warn!(%error, "a connection was refused");
            Closing::NoBroker
        })?;
        if member.position == 0 {
            member.position = start;
        }
        Ok(member)
    }

    /// Returns the position of the account's log before the subscription.
    async fn subscribe(
        self: &Arc<Self>,
        app: &App,
        user: UserId,
        cell: &Cell,
        channels: &[(Arc<str>, Cell)],
    ) -> Result<i64, PubSubError> {
        let listener = &self.hearing(app).await?.listener;
        let own = cell.get_or_try_init(|| async {
            let position = self.log(app).open(user, app.db().ids().next()).await?;
            self.hub.start_at(user, position);
            let interest = listener.subscribe(&user_channel(user)).await?;
            Ok(Subscribed::new(position, interest))
        });
        let others = try_join_all(channels.iter().map(|(channel, cell)| {
            cell.get_or_try_init(|| async {
                let interest = listener.subscribe(channel).await?;
                Ok(Subscribed::new(0, interest))
            })
        }));
        let (own, _) = futures::future::try_join(own, others).await?;
        Ok(own.position)
    }
}

/// A connection that has entered; leaves when it is dropped.
pub struct Member {
    gateway: Arc<Gateway>,
    /// The connection.
    pub socket: Arc<Socket>,
    channels: Vec<Arc<str>>,
    /// The last event before everything that the connection is told.
    pub position: i64,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.gateway.hub.leave(&self.socket, &self.channels);
    }
}

/// Whether an account has a connection to this process.
pub fn is_connected(app: &App, user: UserId) -> bool {
    Gateway::of(app).is_some_and(|gateway| gateway.hub.has(user))
}

/// The accounts that have a connection to this process.
pub fn connected(app: &App) -> Vec<UserId> {
    Gateway::of(app).map_or_else(Vec::new, |gateway| {
        gateway.hub.users().into_iter().map(|(user, _)| user).collect()
    })
}

/// Who comes to this process and goes, from now on; `None` where there is no gateway. A reader that falls behind is told so
/// and begins anew with [`connected`].
pub fn changes(app: &App) -> Option<broadcast::Receiver<Change>> {
    Gateway::of(app).map(|gateway| gateway.hub.changes())
}
