//! Connections whose sessions have ended are closed: at once when an event says so, and now and then in case that none came.

use std::{sync::Arc, time::Duration};

use futures::FutureExt as _;
use identity::{Hold, SessionsEnded, UserChanged, UserDeleted};
use platform::{
    App,
    id::UserId,
    outbox::{DomainEvent as _, Event, Subscription},
};

use crate::{channels::RECHECK, closing::Closing, gateway::Gateway, hub::Socket};

/// How often all connections are looked at.
const UPKEEP: Duration = Duration::from_mins(1);
/// How many times later the logs are looked after.
const ROUNDS_OF_LOGS: u32 = 10;
/// Connections that one statement looks at.
const BATCH: usize = 200;

/// What may end connections.
pub fn subscriptions() -> Vec<Subscription> {
    vec![
        Subscription {
            event: SessionsEnded::NAME,
            subscriber: "realtime.sessions_ended",
            handle: |app, event| {
                async move { ask(&app, event.read::<SessionsEnded>()?.user_id).await }.boxed()
            },
        },
        Subscription {
            event: UserChanged::NAME,
            subscriber: "realtime.user_changed",
            handle: |app, event| async move { ask(&app, event.read::<UserChanged>()?.user_id).await }.boxed(),
        },
        Subscription {
            event: UserDeleted::NAME,
            subscriber: "realtime.user_deleted",
            handle: |app, event: Event| {
                async move { ask(&app, event.read::<UserDeleted>()?.user_id).await }.boxed()
            },
        },
    ]
}

/// Asks every gateway to look at the connections of an account.
async fn ask(app: &App, user: UserId) -> anyhow::Result<()> {
    app.pubsub().publish(RECHECK, user.to_string().into()).await?;
    Ok(())
}

/// Closes those of these connections that may not stay. What cannot be found out now is found out the next time.
pub async fn recheck(app: &App, sockets: &[Arc<Socket>]) {
    for some in sockets.chunks(BATCH) {
        let holders: Vec<(UserId, Option<i64>)> =
            some.iter().map(|socket| (socket.user, socket.session)).collect();
        match identity::still_standing(app, &holders).await {
            Ok(holds) => {
                for (socket, hold) in some.iter().zip(holds) {
                    if let Some(closing) = closing_of(hold) {
                        socket.queue.close(closing);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "could not look at the sessions of connections"),
        }
    }
}

/// Why whoever stands like this may not be connected.
pub fn closing_of(hold: Hold) -> Option<Closing> {
    match hold {
        Hold::Stands => None,
        Hold::SignedOut => Some(Closing::Unauthorized),
        Hold::Inactive => Some(Closing::Inactive),
    }
}

/// Runs until the process ends.
pub async fn run(app: App, gateway: Arc<Gateway>) {
    let stop = app.stopping().clone();
    for round in 1_u32.. {
        tokio::select! {
            () = tokio::time::sleep(UPKEEP) => {}
            () = stop.cancelled() => return,
        }
        recheck(&app, &gateway.hub.sockets()).await;
        if round % ROUNDS_OF_LOGS == 0 {
            prolong(&app, &gateway).await;
            gateway.log(&app).tidy();
        }
    }
}

/// The logs of those who are connected do not end.
async fn prolong(app: &App, gateway: &Gateway) {
    for (user, _) in gateway.hub.users() {
        if let Err(error) = gateway.log(app).open(user, app.db().ids().next()).await {
            tracing::warn!(%error, "could not prolong the logs of events");
            return;
        }
    }
}
