//! Who is online: people, not connections, over all gateways. What is announced reaches only those who may know it.
//!
//! Each gateway registers the accounts that are connected to it. An account is online while any gateway has it; one that loses
//! its last connection keeps its place for a while, so that reconnecting is not seen.

mod announcing;
mod audience;
mod records;
mod registry;
mod rounds;
mod settings;

use std::sync::{Arc, OnceLock};

use platform::{App, domain::Plug, id::UserId};
use tokio::sync::mpsc;

use announcing::Transition;
use registry::Registry;

pub use announcing::status;
pub use audience::{Companions, FindMates, Mates, Shown, shown};
pub use records::{export, is_shown};
pub use rounds::run;
pub use settings::PresenceSettings;

/// Transitions that wait for their announcement; beyond them nothing is announced, and clients that ask are still told.
const WAITING: usize = 10_000;

/// Who is online, as this process knows it; found by [`Presence::of`].
#[derive(Default)]
pub struct Presence {
    parts: OnceLock<Parts>,
}

struct Parts {
    registry: Registry,
    announcements: mpsc::Sender<Transition>,
}

impl Plug for Presence {
    type Port = Presence;

    fn port() -> Presence {
        Presence::default()
    }
}

impl Presence {
    /// That of this process.
    fn of(app: &App) -> Option<Arc<Self>> {
        app.settings()
    }

    fn parts(&self, app: &App) -> &Parts {
        self.parts.get_or_init(|| {
            let (announcements, waiting) = mpsc::channel(WAITING);
            app.tasks().spawn(announcing::run(app.clone(), waiting));
            Parts {
                registry: Registry::of(app),
                announcements,
            }
        })
    }

    fn announce(&self, app: &App, users: &[UserId], is_online: bool) {
        for &user in users {
            let transition = Transition {
                user,
                is_online,
                at: app.clock().now(),
            };
            if self.parts(app).announcements.try_send(transition).is_err() {
                metrics::counter!("selflink_presence_unannounced_total").increment(1);
            }
        }
    }
}

/// Changes whether others are told when somebody is online. They are told at once what that changes for them.
pub async fn show(app: &App, user: UserId, is_shown: bool) -> Result<(), sea_orm::DbErr> {
    let was_shown = records::is_shown(app.db().reader(), user).await?;
    if was_shown == is_shown {
        return Ok(());
    }
    let Some(presence) = Presence::of(app) else {
        return records::set_shown(app, user, is_shown).await;
    };
    let is_online = presence.parts(app).registry.online(&[user]).await.contains(&user);
    let audience = audience::of(app, user).await?;
    records::set_shown(app, user, is_shown).await?;
    if is_online {
        let transition = Transition {
            user,
            is_online: is_shown,
            at: app.clock().now(),
        };
        announcing::tell(app, transition, &audience).await;
    }
    Ok(())
}
