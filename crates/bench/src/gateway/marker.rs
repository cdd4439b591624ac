//! What a message of the load says: who sends it to whom, and when.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Instant;

/// How a marker begins.
const START: &[u8] = b"bench:";
/// Digits of each of its numbers.
const DIGITS: usize = 16;

/// Microseconds since this was first asked.
pub fn micros() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = START.get_or_init(Instant::now);
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// What stands in the text of a message. All markers are of the same length, so that one can be put in another's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The conversation.
    pub thread: u64,
    /// Which message of it, from 0 on.
    pub number: u64,
    /// When it was sent, or due, in [`micros`].
    pub sent: u64,
}

impl Marker {
    /// The text of the message, of a usual length.
    pub fn text(self) -> String {
        let Self { thread, number, sent } = self;
        format!("bench:{thread:016}{number:016}{sent:016} and what one says otherwise, of a usual length")
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let digits = text.strip_prefix(START)?;
        let number = |index: usize| -> Option<u64> {
            let digits = digits.get(index * DIGITS..(index + 1) * DIGITS)?;
            std::str::from_utf8(digits).ok()?.parse().ok()
        };
        Some(Self {
            thread: number(0)?,
            number: number(1)?,
            sent: number(2)?,
        })
    }
}

/// Finds markers in frames, first where the last one was: frames of the same kind are alike.
#[derive(Debug, Default)]
pub struct Finder {
    last: Cell<usize>,
}

impl Finder {
    /// The marker in a frame and where it is; `None`: the frame is of another kind.
    pub fn find(&self, frame: &[u8]) -> Option<(usize, Marker)> {
        let there = frame.get(self.last.get()..).and_then(Marker::parse);
        if let Some(marker) = there {
            return Some((self.last.get(), marker));
        }
        let at = frame.windows(START.len()).position(|window| window == START)?;
        self.last.set(at);
        Some((at, Marker::parse(&frame[at..])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_found_wherever_it_stands() {
        let marker = Marker {
            thread: 7,
            number: 123,
            sent: 456_789,
        };
        let finder = Finder::default();
        for head in ["{\"body\":\"", "{\"payload\":{\"body\":\"", "{\"body\":\""] {
            let frame = format!("{head}{}\"}}", marker.text());
            assert_eq!(finder.find(frame.as_bytes()), Some((head.len(), marker)));
        }
        assert_eq!(finder.find(b"{\"type\":\"ack\"}"), None);
        assert_eq!(finder.find(b"bench:12"), None);
    }

    #[test]
    fn time_goes_on() {
        let before = micros();
        assert!(micros() >= before);
    }
}
