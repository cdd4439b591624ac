//! What other domains have to say to people who are connected, or were a moment ago.

use std::time::Instant;

use platform::{App, id::UserId, pubsub::PubSubError};
use serde_json::{Map, Value};

use crate::{channels, frames, gateway::log_of, log::Entry};

/// Something that happened, for the sockets of some people. It is kept for a while for those who are away.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Whose sockets get it.
    pub to: Vec<UserId>,
    /// Unique, and the same however often it is published: whoever has had it does not get it again.
    pub event_id: i64,
    /// The frame, but for `event_id`, which is added to it.
    pub frame: Map<String, Value>,
}

/// Tells notices to their people, in this order.
///
/// # Errors
/// When the message broker does not take them; some may have been told. They may be published again.
pub async fn publish(app: &App, notices: &[Notice]) -> Result<(), PubSubError> {
    let log = log_of(app);
    for notice in notices {
        let started = Instant::now();
        let frame = frames::of_event(notice.event_id, &notice.frame);
        let to = each_once(&notice.to);
        let outcome = match &log {
            Some(log) => {
                let entry = Entry {
                    event: notice.event_id,
                    frame: &frame,
                };
                log.tell(entry, &to).await
            }
            // A program without a gateway has nobody who could have missed it.
            None => channels::send(app.pubsub(), &to, frame.into()).await,
        };
        let label = if outcome.is_ok() { "published" } else { "failed" };
        metrics::histogram!("selflink_realtime_publish_seconds", "outcome" => label)
            .record(started.elapsed().as_secs_f64());
        outcome?;
    }
    Ok(())
}

/// Tells those of these people who are connected now what is of no use later, such as that somebody types.
///
/// # Errors
/// When the message broker does not take it.
pub async fn publish_passing(app: &App, to: &[UserId], frame: &Value) -> Result<(), PubSubError> {
    channels::send(app.pubsub(), &each_once(to), frame.to_string().into()).await
}

fn each_once(to: &[UserId]) -> Vec<UserId> {
    let mut to = to.to_vec();
    to.sort_unstable();
    to.dedup();
    to
}
