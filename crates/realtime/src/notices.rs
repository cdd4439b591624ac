//! What other domains have to say to people who are connected, or were a moment ago.

use bytes::Bytes;
use platform::{App, id::UserId, pubsub::PubSubError};
use serde_json::{Map, Value};

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
    for notice in notices {
        let mut frame = notice.frame.clone();
        frame.insert("event_id".to_owned(), notice.event_id.to_string().into());
        tell(app, &notice.to, Value::Object(frame).to_string().into()).await?;
    }
    Ok(())
}

/// Tells those of these people who are connected now what is of no use later, such as that somebody types.
///
/// # Errors
/// When the message broker does not take it.
pub async fn publish_passing(app: &App, to: &[UserId], frame: &Value) -> Result<(), PubSubError> {
    tell(app, to, frame.to_string().into()).await
}

async fn tell(app: &App, to: &[UserId], frame: Bytes) -> Result<(), PubSubError> {
    for user in to {
        app.pubsub().publish(&user_channel(*user), frame.clone()).await?;
    }
    Ok(())
}

/// The channel of everything that a person is told.
pub fn user_channel(user: UserId) -> String {
    format!("user:{user}")
}
