//! Publish and subscribe by channel, within this process or through Redis.
//!
//! Delivery is at most once: whoever is not subscribed when a message is published never sees it, and a
//! subscriber that falls behind loses the oldest messages instead of being waited for. It is told so by
//! [`Delivery::Gap`] and has to read the state anew from where it is kept.

mod listener;
mod mailbox;
mod redis;
#[cfg(test)]
mod tests;
mod topics;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{Stream, StreamExt};

use self::mailbox::{CAPACITY, Mailbox};
use self::redis::Broker;
use self::topics::Topics;
use crate::redis_client::RedisClient;

pub use self::listener::{Heard, Interest, Listener};

/// A publish/subscribe bus. Clones share it; when the last one is gone its subscriptions end.
#[derive(Clone)]
pub struct PubSub(Arc<Bus>);

struct Bus {
    topics: Arc<Topics>,
    /// Absent when messages stay within the process.
    broker: Option<Broker>,
}

/// What a subscriber receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A message. Its bytes are shared with the other subscribers, not copied.
    Message(Bytes),
    /// Messages were lost before or among those that follow: the subscriber fell behind, or the
    /// connection to Redis was interrupted. It may come ahead of messages older than the loss.
    Gap,
}

/// Why publishing or subscribing failed.
#[derive(Debug, thiserror::Error)]
pub enum PubSubError {
    /// Redis cannot be reached, or does not answer in time.
    #[error("the message broker (Redis) is unavailable: {0}")]
    Unavailable(String),
    /// Redis answered with an error, such as a missing permission.
    #[error("the message broker (Redis) refused: {0}")]
    Refused(String),
}

impl PubSub {
    /// A bus within this process.
    pub fn in_process() -> Self {
        Self(Arc::new(Bus {
            topics: Arc::default(),
            broker: None,
        }))
    }

    /// A bus through Redis, between all processes that use the same server and `prefix`.
    ///
    /// All subscriptions of the process share one connection, opened with the first of them. Must be called
    /// within a tokio runtime.
    pub fn redis(redis: RedisClient, prefix: &str) -> Self {
        let topics = Arc::<Topics>::default();
        let broker = Broker::start(redis, prefix, Arc::clone(&topics));
        Self(Arc::new(Bus {
            topics,
            broker: Some(broker),
        }))
    }

    /// Sends `message` to the subscribers that `channel` has now.
    ///
    /// # Errors
    /// When Redis does not take the message. It may still have been delivered if only the answer was lost.
    pub async fn publish(&self, channel: &str, message: Bytes) -> Result<(), PubSubError> {
        if let Some(broker) = &self.0.broker {
            return broker.publish(channel, &message).await;
        }
        self.0.topics.deliver(channel, &message);
        Ok(())
    }

    /// Subscribes to `channel`: what is published after this returned will be delivered.
    ///
    /// # Errors
    /// When Redis does not confirm the subscription. One that was confirmed outlives a lost connection.
    pub async fn subscribe(&self, channel: &str) -> Result<Subscription, PubSubError> {
        let mailbox = Arc::new(Mailbox::new(CAPACITY));
        Interest::register(&self.0, channel, mailbox)
            .await
            .map(Subscription)
    }

    /// A reader of many channels at once.
    pub fn listener(&self) -> Listener {
        Listener::new(&self.0)
    }

    /// The Redis behind it, with the prefix of its keys and channels; `None` when messages stay within the process. For
    /// scripts that publish and store in one step.
    pub fn broker(&self) -> Option<(&RedisClient, &Arc<str>)> {
        self.0.broker.as_ref().map(Broker::server)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.topics.close();
    }
}

/// One subscriber of a channel; dropping it unsubscribes. At most 256 messages wait for it.
pub struct Subscription(Interest);

impl Subscription {
    /// Waits for the next delivery; `None` once the [`PubSub`] itself is gone. Nothing is lost when the
    /// returned future is dropped.
    pub async fn next(&mut self) -> Option<Delivery> {
        StreamExt::next(self).await
    }

    #[cfg(test)]
    fn backlog(&self) -> (usize, bool) {
        self.0.mailbox().backlog()
    }
}

impl Stream for Subscription {
    type Item = Delivery;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let heard = self.0.mailbox().poll_next(context);
        heard.map(|heard| {
            heard.map(|heard| match heard {
                Heard::Message { message, .. } => Delivery::Message(message),
                Heard::Gap => Delivery::Gap,
            })
        })
    }
}
