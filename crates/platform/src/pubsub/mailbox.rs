use std::collections::VecDeque;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::task::AtomicWaker;
use parking_lot::Mutex;

use super::Delivery;

/// How many messages wait for a subscriber before the oldest are dropped.
pub(super) const CAPACITY: usize = 256;

/// The messages that wait for one subscriber. Empty it costs little: a process may have very many.
#[derive(Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    reader: AtomicWaker,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Bytes>,
    gap: bool,
    closed: bool,
}

impl Mailbox {
    pub fn put(&self, message: Bytes) {
        let mut state = self.state.lock();
        if state.messages.len() == CAPACITY {
            state.messages.pop_front();
            state.gap = true;
            metrics::counter!("selflink_pubsub_dropped_total").increment(1);
        }
        state.messages.push_back(message);
        drop(state);
        self.reader.wake();
    }

    /// Tells the subscriber that it missed something.
    pub fn mark_gap(&self) {
        self.state.lock().gap = true;
        self.reader.wake();
    }

    pub fn close(&self) {
        self.state.lock().closed = true;
        self.reader.wake();
    }

    pub fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Delivery>> {
        // Registered before looking, so that what arrives in between wakes the reader.
        self.reader.register(context.waker());
        let mut state = self.state.lock();
        if std::mem::take(&mut state.gap) {
            return Poll::Ready(Some(Delivery::Gap));
        }
        match state.messages.pop_front() {
            Some(message) => Poll::Ready(Some(Delivery::Message(message))),
            None if state.closed => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// How many messages wait, and whether some were lost.
    #[cfg(test)]
    pub fn backlog(&self) -> (usize, bool) {
        let state = self.state.lock();
        (state.messages.len(), state.gap)
    }
}
