use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use super::mailbox::Mailbox;

/// The subscribers of this process by channel. A channel without subscribers is not in it.
#[derive(Default)]
pub(super) struct Topics(RwLock<HashMap<Arc<str>, Vec<Arc<Mailbox>>>>);

impl Topics {
    pub fn add(&self, channel: Arc<str>, mailbox: Arc<Mailbox>) {
        self.0.write().entry(channel).or_default().push(mailbox);
    }

    /// Removes a subscriber and tells whether it was the channel's last.
    pub fn remove(&self, channel: &str, mailbox: &Arc<Mailbox>) -> bool {
        let mut topics = self.0.write();
        let Some(mailboxes) = topics.get_mut(channel) else {
            return false;
        };
        if let Some(position) = mailboxes.iter().position(|other| Arc::ptr_eq(other, mailbox)) {
            mailboxes.swap_remove(position);
        }
        let was_last = mailboxes.is_empty();
        if was_last {
            topics.remove(channel);
        }
        was_last
    }

    pub fn contains(&self, channel: &str) -> bool {
        self.0.read().contains_key(channel)
    }

    pub fn channels(&self) -> Vec<Arc<str>> {
        self.0.read().keys().cloned().collect()
    }

    pub fn deliver(&self, channel: &str, message: &Bytes) {
        if let Some((channel, mailboxes)) = self.0.read().get_key_value(channel) {
            for mailbox in mailboxes {
                mailbox.put(channel, message.clone());
            }
        }
    }

    /// Tells every subscriber that it missed something.
    pub fn mark_gap(&self) {
        self.0
            .read()
            .values()
            .flatten()
            .for_each(|mailbox| mailbox.mark_gap());
    }

    /// Ends every subscription.
    pub fn close(&self) {
        self.0
            .read()
            .values()
            .flatten()
            .for_each(|mailbox| mailbox.close());
    }
}
