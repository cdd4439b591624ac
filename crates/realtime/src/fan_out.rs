//! The one task that hands on what this process hears to its connections.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use futures::StreamExt as _;
use platform::{
    App,
    id::UserId,
    pubsub::{Heard, Listener},
};
use tokio::time::Instant;

use crate::{
    channels::{self, BROADCAST, FAN_OUT, RECHECK},
    closing::Closing,
    frames,
    gateway::Gateway,
    log::Missed,
    upkeep,
};

/// Logs read at a time after a gap.
const AT_ONCE: usize = 32;
/// How often, and how long apart, the logs are asked for before connections are told to look for themselves.
const ATTEMPTS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(300);
/// How long an event that was read from a log may still come by itself.
pub const LATE: Duration = Duration::from_mins(1);

/// Runs until the process ends, then asks all connections to end.
pub async fn run(app: App, gateway: Arc<Gateway>, listener: Arc<Listener>) {
    let stop = app.stopping().clone();
    let mut fan_out = FanOut {
        app,
        gateway,
        recovered: HashMap::new(),
        recovered_until: Instant::now(),
    };
    loop {
        tokio::select! {
            heard = listener.next() => match heard {
                Some(Heard::Message { channel, message }) => fan_out.hand_on(&channel, message),
                Some(Heard::Gap) => fan_out.recover().await,
                None => break,
            },
            () = stop.cancelled() => break,
        }
    }
    fan_out.gateway.hub.close_all(Closing::Restart);
}

struct FanOut {
    app: App,
    gateway: Arc<Gateway>,
    /// Events that were told from the logs after a gap, and may come by themselves once more.
    recovered: HashMap<UserId, HashSet<i64>>,
    recovered_until: Instant,
}

impl FanOut {
    fn hand_on(&mut self, channel: &str, message: Bytes) {
        let hub = &self.gateway.hub;
        match channel {
            FAN_OUT => {
                if let Some((users, frame)) = channels::opened(&message) {
                    self.tell(users, frame);
                }
            }
            RECHECK => self.recheck(&message),
            BROADCAST => {
                if let Some(text) = text_of(message) {
                    hub.tell_all(&text);
                }
            }
            _ => match channel.strip_prefix("user:").map(str::parse) {
                Some(Ok(user)) => self.tell(vec![UserId(user)], message),
                Some(Err(_)) => {}
                None => {
                    if let Some(text) = text_of(message) {
                        hub.tell_channel(channel, &text);
                    }
                }
            },
        }
    }

    fn tell(&mut self, mut users: Vec<UserId>, frame: Bytes) {
        let event = frames::event_of(&frame);
        if !self.recovered.is_empty() {
            if Instant::now() > self.recovered_until {
                self.recovered = HashMap::new();
            } else if let Some(event) = event {
                users.retain(|user| !self.recovered.get(user).is_some_and(|told| told.contains(&event)));
            }
        }
        if let Some(text) = text_of(frame) {
            self.gateway.hub.tell_users(users, event, &text);
        }
    }

    fn recheck(&self, message: &Bytes) {
        self.gateway.count_recheck();
        let user = std::str::from_utf8(message)
            .ok()
            .and_then(|text| text.parse().ok());
        let Some(user) = user.map(UserId) else { return };
        let sockets = self.gateway.hub.sockets_of(user);
        if !sockets.is_empty() {
            let app = self.app.clone();
            self.app
                .tasks()
                .spawn(async move { upkeep::recheck(&app, &sockets).await });
        }
    }

    /// Something may have been missed: every account is told what its log has more, or that it must look for itself. What
    /// is heard meanwhile waits, so that the order stays.
    async fn recover(&mut self) {
        tracing::warn!("messages between processes were lost; connections catch up from the logs");
        metrics::counter!("selflink_realtime_gaps_total").increment(1);
        let (app, gateway) = (self.app.clone(), Arc::clone(&self.gateway));
        let mut users = gateway.hub.users();
        // Who has no position yet is only just coming.
        users.retain(|(_, position)| *position != 0);
        if let Some((user, position)) = users.first() {
            until_readable(&app, &gateway, *user, *position).await;
        }
        let mut read = futures::stream::iter(users)
            .map(|(user, position)| {
                let (app, gateway) = (&app, &gateway);
                async move {
                    let missed = gateway
                        .log(app)
                        .after(user, position, app.db().ids().next())
                        .await;
                    (user, position, missed)
                }
            })
            .buffer_unordered(AT_ONCE);
        while let Some((user, position, missed)) = read.next().await {
            match missed {
                Ok(Missed::Events { events, .. }) => self.catch_up(user, events),
                Ok(Missed::Lost(position)) => self.give_up(user, position, "sync_required"),
                Err(_) => self.give_up(user, position, "failed"),
            }
        }
        drop(read);
        self.recovered_until = Instant::now() + LATE;
        // The end of a session may be among what was missed.
        gateway.count_recheck();
        let tasks = app.tasks().clone();
        tasks.spawn(async move { upkeep::recheck(&app, &gateway.hub.sockets()).await });
    }

    fn catch_up(&mut self, user: UserId, events: Vec<(i64, Utf8Bytes)>) {
        metrics::counter!("selflink_realtime_recoveries_total", "outcome" => "caught_up").increment(1);
        if events.is_empty() {
            return;
        }
        let told = self.recovered.entry(user).or_default();
        for (event, text) in events {
            told.insert(event);
            self.gateway.hub.tell_users([user], Some(event), &text);
        }
    }

    fn give_up(&self, user: UserId, position: i64, outcome: &'static str) {
        metrics::counter!("selflink_realtime_recoveries_total", "outcome" => outcome).increment(1);
        let hub = &self.gateway.hub;
        hub.move_to(user, position);
        hub.tell_users([user], None, &frames::sync_required(position));
    }
}

/// Waits a little for the logs: after a failure, commands are refused for a moment.
async fn until_readable(app: &App, gateway: &Gateway, user: UserId, position: i64) {
    for _ in 0..ATTEMPTS {
        let read = gateway
            .log(app)
            .after(user, position, app.db().ids().next())
            .await;
        if read.is_ok() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Checked once for all connections that get it; what is no text has no business here.
fn text_of(message: Bytes) -> Option<Utf8Bytes> {
    Utf8Bytes::try_from(message).ok()
}
