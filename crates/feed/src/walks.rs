//! Walks through a ranked feed: no post twice, none left out, while posts and likes arrive.
//!
//! The newest posts are taken a window at a time, and a window is ranked when the walk comes to it. What of it has not been
//! shown yet travels in the cursor, in its order, and with it where the next window begins. So nothing is kept on the
//! server, and what is asked for twice is answered twice.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use platform::{App, id::UserId};
use sea_orm::DbErr;

use crate::candidates::{Candidate, Ranked, still_shown, window};

/// Fewest and most posts of a window.
const WINDOW: std::ops::RangeInclusive<usize> = 100..=300;
/// Most characters of a cursor: more than any that is made here has.
const LONGEST_CURSOR: usize = 6000;
/// The form of a cursor, and which feed it belongs to.
const TAGS: [(u8, Ranked); 2] = [(0x10, Ranked::Posts), (0x11, Ranked::Videos)];

/// Where a walk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    feed: Ranked,
    /// Posts of the windows so far that were not shown yet, best first.
    waiting: Vec<i64>,
    /// Below which id the next window begins; `None` when there is none.
    below: Option<i64>,
}

impl Walk {
    /// The beginning of a feed.
    pub fn new(feed: Ranked) -> Self {
        Self {
            feed,
            waiting: Vec::new(),
            below: Some(i64::MAX),
        }
    }

    /// Where the cursor says; the beginning if it is none of this feed's.
    pub fn at(feed: Ranked, cursor: Option<&str>) -> Self {
        cursor
            .and_then(|cursor| Self::decode(feed, cursor))
            .unwrap_or_else(|| Self::new(feed))
    }

    /// The posts of the next page, and the cursor of the page after it, if there is one. In two statements at most.
    pub async fn step(
        mut self,
        app: &App,
        viewer: UserId,
        size: usize,
    ) -> Result<(Vec<Candidate>, Option<String>), DbErr> {
        let mut page = still_shown(app, viewer, self.feed, &self.waiting).await?;
        if page.len() < size
            && let Some(below) = self.below
        {
            let most = (3 * size).clamp(*WINDOW.start(), *WINDOW.end());
            let (found, next) = window(app, viewer, self.feed, below, most).await?;
            page.extend(found);
            self.below = next;
        }
        let rest = page.split_off(size.min(page.len()));
        self.waiting = rest.iter().map(|candidate| candidate.id).collect();
        let is_over = self.waiting.is_empty() && self.below.is_none();
        Ok((page, (!is_over).then(|| self.encode())))
    }

    /// A byte for the feed, where the next window begins (one more, and 0 for nowhere), the least of the ids, and how far
    /// above it each of them is; all as [variable-length numbers](write_number).
    fn encode(&self) -> String {
        let tag = TAGS.iter().find(|(_, feed)| *feed == self.feed);
        let mut bytes = vec![tag.map_or(0, |(tag, _)| *tag)];
        write_number(&mut bytes, self.below.map_or(0, |below| number(below) + 1));
        if let Some(least) = self.waiting.iter().min() {
            write_number(&mut bytes, number(*least));
            for id in &self.waiting {
                write_number(&mut bytes, number(id - least));
            }
        }
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn decode(feed: Ranked, cursor: &str) -> Option<Self> {
        if cursor.len() > LONGEST_CURSOR {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, mut rest) = bytes.split_first()?;
        if !TAGS.contains(&(*tag, feed)) {
            return None;
        }
        let below = match read_number(&mut rest)? {
            0 => None,
            below => Some(i64::try_from(below - 1).ok()?),
        };
        let mut waiting = Vec::new();
        if !rest.is_empty() {
            let least = i64::try_from(read_number(&mut rest)?).ok()?;
            while !rest.is_empty() {
                let above = i64::try_from(read_number(&mut rest)?).ok()?;
                waiting.push(least.checked_add(above)?);
            }
        }
        (waiting.len() <= *WINDOW.end()).then_some(Self { feed, waiting, below })
    }
}

/// Ids are never negative.
fn number(id: i64) -> u64 {
    u64::try_from(id).unwrap_or(0)
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// `None` if there is no number, or one of more than 64 bits.
fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let low = u64::from(byte & 0x7f);
        let placed = low << shift;
        if placed >> shift != low {
            return None;
        }
        number |= placed;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn feeds() -> impl Strategy<Value = Ranked> {
        prop_oneof![Just(Ranked::Posts), Just(Ranked::Videos)]
    }

    proptest! {
        #[test]
        fn cursors_lead_back(feed in feeds(), waiting in proptest::collection::vec(0..i64::MAX, 0..300), below in proptest::option::of(0..i64::MAX)) {
            let walk = Walk { feed, waiting, below };
            let cursor = walk.encode();
            prop_assert!(cursor.len() <= LONGEST_CURSOR);
            prop_assert_eq!(Walk::at(feed, Some(&cursor)), walk.clone());
            let other = if feed == Ranked::Posts { Ranked::Videos } else { Ranked::Posts };
            prop_assert_eq!(Walk::at(other, Some(&cursor)), Walk::new(other));
        }

        #[test]
        fn nonsense_is_the_beginning(feed in feeds(), junk: String) {
            prop_assume!(BASE64_URL_SAFE_NO_PAD.decode(&junk).is_err());
            prop_assert_eq!(Walk::at(feed, Some(&junk)), Walk::new(feed));
        }

        #[test]
        fn forged_cursors_do_not_crash(feed in feeds(), tag in 0x10_u8..0x12, mut bytes: Vec<u8>) {
            bytes.insert(0, tag);
            let walk = Walk::at(feed, Some(&BASE64_URL_SAFE_NO_PAD.encode(bytes)));
            prop_assert!(walk.waiting.iter().all(|id| *id >= 0));
        }
    }

    #[test]
    fn numbers_of_too_many_bits_are_refused() {
        let mut bytes = Vec::new();
        write_number(&mut bytes, u64::MAX);
        assert_eq!(read_number(&mut bytes.as_slice()), Some(u64::MAX));
        for bytes in [
            &[0xff; 20][..],
            &[0x80; 9],
            &[],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        ] {
            assert_eq!(read_number(&mut &*bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_window_of_compact_ids_fits_into_a_link() {
        // A month of posts, one in two hours and a half.
        let waiting = (0..300)
            .map(|n| 700_000_000_000_000 + n * 4_600_000_000)
            .collect();
        let walk = Walk {
            feed: Ranked::Posts,
            waiting,
            below: Some(600_000_000_000_000),
        };
        let length = walk.encode().len();
        assert!(length < 2600, "{length}");
    }
}
