//! What waits for one connection: bounded, and without cost while nothing waits.

use std::{
    collections::VecDeque,
    future::poll_fn,
    task::{Context, Poll},
};

use axum::extract::ws::Utf8Bytes;
use futures::task::AtomicWaker;
use parking_lot::Mutex;

use crate::closing::Closing;

/// Most bytes that wait for a connection.
const MOST_BYTES: usize = 4 << 20;
/// Room for frames that an empty queue keeps.
const KEPT: usize = 8;

/// A frame on its way to a connection; its text is shared with other connections.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What it tells of, if that is remembered for those who are away.
    pub event: Option<i64>,
    /// The frame.
    pub text: Utf8Bytes,
}

/// The queue. Whoever fills it never waits; one task empties it.
pub struct Queue {
    state: Mutex<State>,
    reader: AtomicWaker,
    most_frames: usize,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Outgoing>,
    bytes: usize,
    closing: Option<Closing>,
}

impl Queue {
    /// An empty queue for so many frames.
    pub fn new(most_frames: usize) -> Self {
        Self {
            state: Mutex::default(),
            reader: AtomicWaker::new(),
            most_frames,
        }
    }

    /// Adds a frame and says whether it will be sent. A connection for which too much waits is closed.
    pub fn push(&self, frame: Outgoing) -> bool {
        let mut state = self.state.lock();
        if state.closing.is_some() {
            return false;
        }
        let is_full = state.frames.len() >= self.most_frames || state.bytes + frame.text.len() > MOST_BYTES;
        if is_full {
            state.closing = Some(Closing::SlowConsumer);
            metrics::counter!("selflink_realtime_dropped_total").increment(state.frames.len() as u64 + 1);
            state.frames = VecDeque::new();
        } else {
            state.bytes += frame.text.len();
            state.frames.push_back(frame);
        }
        drop(state);
        self.reader.wake();
        !is_full
    }

    /// Asks for the end of the connection; the first reason counts.
    pub fn close(&self, closing: Closing) {
        self.state.lock().closing.get_or_insert(closing);
        self.reader.wake();
    }

    /// Whether the end of the connection was asked for.
    pub fn is_closing(&self) -> bool {
        self.state.lock().closing.is_some()
    }

    /// The next frame, if one waits.
    pub fn pop(&self) -> Option<Outgoing> {
        let mut state = self.state.lock();
        if state.closing.is_some_and(Closing::is_at_once) {
            return None;
        }
        let frame = state.frames.pop_front()?;
        state.bytes -= frame.text.len();
        if state.frames.is_empty() && state.frames.capacity() > KEPT {
            state.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// Waits for a frame, or for the end: then says which.
    pub async fn ready(&self) -> Option<Closing> {
        poll_fn(|context| self.poll_ready(context)).await
    }

    fn poll_ready(&self, context: &Context<'_>) -> Poll<Option<Closing>> {
        self.reader.register(context.waker());
        let state = self.state.lock();
        match state.closing {
            Some(closing) if closing.is_at_once() || state.frames.is_empty() => Poll::Ready(Some(closing)),
            _ if !state.frames.is_empty() => Poll::Ready(None),
            _ => Poll::Pending,
        }
    }

    /// Waits until the connection is to end at once, whatever waits for it.
    pub async fn cut(&self) -> Closing {
        poll_fn(|context| {
            self.reader.register(context.waker());
            match self.state.lock().closing {
                Some(closing) if closing.is_at_once() => Poll::Ready(closing),
                _ => Poll::Pending,
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn frame(text: &str) -> Outgoing {
        Outgoing {
            event: None,
            text: text.into(),
        }
    }

    #[test]
    fn frames_come_out_in_order() {
        let queue = Queue::new(4);
        assert_eq!(queue.ready().now_or_never(), None);
        assert!(queue.push(frame("a")) && queue.push(frame("b")));
        assert_eq!(queue.ready().now_or_never(), Some(None));
        let texts = std::iter::from_fn(|| queue.pop()).map(|frame| frame.text.to_string());
        assert_eq!(texts.collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(queue.ready().now_or_never(), None);
    }

    #[test]
    fn a_full_queue_ends_the_connection_and_keeps_nothing() {
        let queue = Queue::new(2);
        assert!(queue.push(frame("a")) && queue.push(frame("b")));
        assert!(!queue.push(frame("c")));
        assert!(!queue.push(frame("d")));
        assert!(queue.pop().is_none());
        assert_eq!(queue.ready().now_or_never(), Some(Some(Closing::SlowConsumer)));
        assert_eq!(queue.cut().now_or_never(), Some(Closing::SlowConsumer));
    }

    #[test]
    fn a_queue_is_full_by_its_bytes_too() {
        let queue = Queue::new(1000);
        let long = "x".repeat(MOST_BYTES / 2);
        assert!(queue.push(frame(&long)) && queue.push(frame(&long)));
        assert!(!queue.push(frame("x")));
    }

    #[test]
    fn a_restart_lets_what_waits_go_out_first() {
        let queue = Queue::new(4);
        assert!(queue.push(frame("a")));
        queue.close(Closing::Restart);
        queue.close(Closing::Inactive);
        assert!(!queue.push(frame("b")));
        assert_eq!(queue.cut().now_or_never(), None);
        assert_eq!(queue.ready().now_or_never(), Some(None));
        assert!(queue.pop().is_some());
        assert_eq!(queue.ready().now_or_never(), Some(Some(Closing::Restart)));
    }
}
