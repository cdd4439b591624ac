//! Who may connect, and to what.

use std::sync::Arc;

use platform::{App, auth::HolderError, id::UserId};
use serde::Deserialize;

use crate::{closing::Closing, frames::Position, gateway::Gateway, upkeep};

/// Channels that one connection may ask for; the rest is passed over.
const MOST_CHANNELS: usize = 20;
/// Longest number in the name of a channel.
const LONGEST_NUMBER: usize = 19;

/// What a client asks for when it connects.
#[derive(Debug, Default, Deserialize)]
pub struct Wish {
    token: Option<String>,
    channels: Option<String>,
    last_event_id: Option<String>,
}

/// Who is let in.
#[derive(Debug)]
pub struct Admitted {
    /// The account.
    pub user: UserId,
    /// The session of the token, if it names one.
    pub session: Option<i64>,
    /// When the token ends, in seconds since 1970.
    pub expires_at: i64,
    /// What it is told besides what is meant for its account.
    pub channels: Vec<Arc<str>>,
    /// Where it was before, if it says so.
    pub resume_after: Option<Position>,
    /// [`Gateway::rechecks`] from before its session was looked at.
    pub rechecks: u64,
}

/// Decides on a client. One statement.
pub async fn admit(app: &App, gateway: &Arc<Gateway>, wish: &Wish) -> Result<Admitted, Closing> {
    let token = wish.token.as_deref().unwrap_or_default();
    let holder = app
        .tokens()
        .holder(token, app.clock().now())
        .map_err(|error| match error {
            HolderError::Invalid => Closing::Unauthorized,
            HolderError::Ended => Closing::TokenEnded,
        })?;
    if !gateway.may_connect(app, holder.user_id).await {
        return Err(Closing::TooManyConnects);
    }
    // Before the session is looked at: what ends it from then on is heard.
    gateway.start(app).await.map_err(|error| {
        tracing::warn!(%error, "a connection was refused");
        Closing::NoBroker
    })?;
    let rechecks = gateway.rechecks();
    let holds = identity::still_standing(app, &[(holder.user_id, holder.session)]).await;
    let holds = holds.map_err(|error| {
        tracing::warn!(%error, "the session of a connection could not be looked at");
        Closing::Failed
    })?;
    if let Some(closing) = holds.into_iter().find_map(upkeep::closing_of) {
        return Err(closing);
    }
    Ok(Admitted {
        user: holder.user_id,
        session: holder.session,
        expires_at: holder.expires_at,
        channels: channels(wish.channels.as_deref().unwrap_or_default()),
        resume_after: wish.last_event_id.as_deref().map(Position::read),
        rechecks,
    })
}

/// The channels of a comma-separated list that there are, each once. Those of other kinds do not count.
fn channels(list: &str) -> Vec<Arc<str>> {
    let mut channels: Vec<Arc<str>> = Vec::new();
    let known = list.split(',').map(str::trim).filter(|name| is_channel(name));
    for name in known {
        if channels.len() == MOST_CHANNELS {
            break;
        }
        if !channels.iter().any(|channel| **channel == *name) {
            channels.push(name.into());
        }
    }
    channels
}

/// Whether everybody may listen to a channel of this name: `post:` or `comment:` and a positive number.
pub fn is_channel(name: &str) -> bool {
    let number = name
        .strip_prefix("post:")
        .or_else(|| name.strip_prefix("comment:"));
    number.is_some_and(|number| {
        !number.starts_with('0')
            && (1..=LONGEST_NUMBER).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(list: &str) -> Vec<String> {
        channels(list).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_first_twenty_known_channels_count() {
        assert_eq!(
            named(" post:1 ,,comment:2, post:1,user:3"),
            ["post:1", "comment:2"]
        );
        let many: Vec<String> = (1..30).map(|number| format!("junk:1,post:{number}")).collect();
        let named = named(&many.join(","));
        assert_eq!((named.len(), named[19].as_str()), (20, "post:20"));
    }

    #[test]
    fn names_of_channels() {
        for name in ["post:1", "comment:1234567890123456789"] {
            assert!(is_channel(name), "{name}");
        }
        let others = [
            "user:1",
            "broadcast",
            "post:0",
            "post:01",
            "post:-1",
            "post:abc",
            "post: 1",
            "POST:1",
            "post:",
            "",
            "thread:1",
            "post:1,post:2",
            "post:*",
            "post:12345678901234567890",
            "realtime:recheck",
        ];
        for name in others {
            assert!(!is_channel(name), "{name}");
        }
    }
}
