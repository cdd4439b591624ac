use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::task::AtomicWaker;
use parking_lot::Mutex;

use super::Heard;

/// How many messages wait for a subscriber before the oldest are dropped.
pub(super) const CAPACITY: usize = 256;

/// The messages that wait for one reader. Empty it costs little: a process may have very many.
pub(super) struct Mailbox {
    state: Mutex<State>,
    reader: AtomicWaker,
    capacity: usize,
}

#[derive(Default)]
struct State {
    messages: VecDeque<(Arc<str>, Bytes)>,
    gap: bool,
    closed: bool,
}

impl Mailbox {
    pub fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            reader: AtomicWaker::new(),
            capacity,
        }
    }

    pub fn put(&self, channel: &Arc<str>, message: Bytes) {
        let mut state = self.state.lock();
        if state.messages.len() == self.capacity {
            state.messages.pop_front();
            state.gap = true;
            metrics::counter!("selflink_pubsub_dropped_total").increment(1);
        }
        state.messages.push_back((Arc::clone(channel), message));
        drop(state);
        self.reader.wake();
    }

    /// Tells the reader that it missed something.
    pub fn mark_gap(&self) {
        self.state.lock().gap = true;
        self.reader.wake();
    }

    pub fn close(&self) {
        self.state.lock().closed = true;
        self.reader.wake();
    }

    pub fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Heard>> {
        // Registered before looking, so that what arrives in between wakes the reader.
        self.reader.register(context.waker());
        let mut state = self.state.lock();
        if std::mem::take(&mut state.gap) {
            return Poll::Ready(Some(Heard::Gap));
        }
        match state.messages.pop_front() {
            Some((channel, message)) => Poll::Ready(Some(Heard::Message { channel, message })),
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
