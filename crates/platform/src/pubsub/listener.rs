use std::future::poll_fn;
use std::sync::{Arc, Weak};

use bytes::Bytes;

use super::mailbox::Mailbox;
use super::{Bus, PubSubError};

/// How many messages wait for a listener before the oldest are dropped.
const CAPACITY: usize = 8192;

/// One reader of many channels, through one mailbox: for a process that hands on what it hears to very many others.
/// Messages keep their order also between channels.
pub struct Listener {
    mailbox: Arc<Mailbox>,
    bus: Weak<Bus>,
}

/// What a [`Listener`] hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message.
    Message {
        /// Where it was published.
        channel: Arc<str>,
        /// Its bytes, shared with other readers and not copied.
        message: Bytes,
    },
    /// As [`Delivery::Gap`](super::Delivery::Gap), for all channels.
    Gap,
}

impl Listener {
    pub(super) fn new(bus: &Arc<Bus>) -> Self {
        Self {
            mailbox: Arc::new(Mailbox::new(CAPACITY)),
            bus: Arc::downgrade(bus),
        }
    }

    /// Listens to `channel` as well, until what is returned is dropped. Whoever listens to a channel twice hears everything
    /// twice.
    ///
    /// # Errors
    /// As [`PubSub::subscribe`](super::PubSub::subscribe).
    pub async fn subscribe(&self, channel: &str) -> Result<Interest, PubSubError> {
        match self.bus.upgrade() {
            Some(bus) => Interest::register(&bus, channel, Arc::clone(&self.mailbox)).await,
            None => Err(PubSubError::Unavailable("the process is ending".to_owned())),
        }
    }

    /// Waits for what comes next; `None` once the bus is gone. Nothing is lost when the returned future is dropped, but
    /// only one task may wait at a time.
    pub async fn next(&self) -> Option<Heard> {
        poll_fn(|context| self.mailbox.poll_next(context)).await
    }
}

/// A reader's interest in a channel; dropping it unsubscribes.
pub struct Interest {
    channel: Arc<str>,
    mailbox: Arc<Mailbox>,
    bus: Weak<Bus>,
}

impl Interest {
    pub(super) async fn register(
        bus: &Arc<Bus>,
        channel: &str,
        mailbox: Arc<Mailbox>,
    ) -> Result<Self, PubSubError> {
        let channel = Arc::<str>::from(channel);
        bus.topics.add(Arc::clone(&channel), Arc::clone(&mailbox));
        // From here on dropping the interest undoes it, also when the caller gives up waiting.
        let interest = Self {
            channel,
            mailbox,
            bus: Arc::downgrade(bus),
        };
        if let Some(broker) = &bus.broker {
            broker.confirm(Arc::clone(&interest.channel)).await?;
        }
        Ok(interest)
    }

    pub(super) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let Some(bus) = self.bus.upgrade() else { return };
        let was_last = bus.topics.remove(&self.channel, &self.mailbox);
        if was_last && let Some(broker) = &bus.broker {
            broker.release(Arc::clone(&self.channel));
        }
    }
}
