//! Where the insight cards of a page stand among its posts.

/// The cards of a page, each if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Three<T> {
    pub mentor: Option<T>,
    pub matrix: Option<T>,
    pub soulmatch: Option<T>,
}

impl<T> Three<T> {
    /// No cards.
    pub fn none() -> Self {
        Self {
            mentor: None,
            matrix: None,
            soulmatch: None,
        }
    }
}

/// After how many posts each card stands, at the latest at the end of the page.
const POSTS_BEFORE_MENTOR: usize = 2;
const POSTS_BEFORE_SOULMATCH: usize = 4;
const POSTS_BEFORE_MATRIX: usize = 6;

/// Puts the cards among the posts of a page. The matrix card is only on pages that have a sixth post to stand behind.
pub fn arrange<T>(posts: Vec<T>, cards: Three<T>) -> Vec<T> {
    let count = posts.len();
    let mut items = posts;
    let put = |items: &mut Vec<T>, at: usize, card: T| {
        let at = at.min(items.len());
        items.insert(at, card);
        at
    };
    let mentor = cards
        .mentor
        .map(|card| put(&mut items, POSTS_BEFORE_MENTOR, card));
    let matrix = cards.matrix.filter(|_| count >= POSTS_BEFORE_MATRIX).map(|card| {
        let at = POSTS_BEFORE_MATRIX + usize::from(mentor.is_some());
        put(&mut items, at, card)
    });
    if let Some(card) = cards.soulmatch {
        let at = POSTS_BEFORE_SOULMATCH.min(items.len());
        let before = [mentor, matrix]
            .into_iter()
            .flatten()
            .filter(|place| *place <= at);
        let at = at + before.count();
        put(&mut items, at, card);
    }
    items
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sequence(posts: usize, cards: Three<char>) -> String {
        arrange(vec!['P'; posts], cards).into_iter().collect()
    }

    const ALL: Three<char> = Three {
        mentor: Some('M'),
        matrix: Some('X'),
        soulmatch: Some('S'),
    };

    #[test]
    fn the_published_sequences() {
        for (posts, wanted) in [
            (1, "PMS"),
            (2, "PPMS"),
            (3, "PPMPS"),
            (4, "PPMPPS"),
            (5, "PPMPPSP"),
            (6, "PPMPPSPPX"),
            (7, "PPMPPSPPXP"),
            (20, "PPMPPSPPXPPPPPPPPPPPPPP"),
        ] {
            assert_eq!(sequence(posts, ALL), wanted);
        }
    }

    #[test]
    fn the_others_close_up_for_a_card_that_is_missing() {
        let without_mentor = Three { mentor: None, ..ALL };
        let without_soulmatch = Three {
            soulmatch: None,
            ..ALL
        };
        let without_matrix = Three { matrix: None, ..ALL };
        assert_eq!(sequence(7, without_mentor), "PPPPSPPXP");
        assert_eq!(sequence(7, without_soulmatch), "PPMPPPPXP");
        assert_eq!(sequence(7, without_matrix), "PPMPPSPPP");
        assert_eq!(sequence(3, without_mentor), "PPPS");
        assert_eq!(sequence(6, Three::none()), "PPPPPP");
    }

    proptest! {
        #[test]
        fn each_card_stands_behind_its_posts(posts in 1_usize..110, mentor: bool, matrix: bool, soulmatch: bool) {
            let card = |is_there: bool, name: i64| is_there.then_some(name);
            let cards = Three { mentor: card(mentor, -1), matrix: card(matrix, -2), soulmatch: card(soulmatch, -3) };
            let items = arrange((0..i64::try_from(posts).unwrap_or(0)).collect(), cards);
            // The posts are all there, in their order.
            let kept: Vec<i64> = items.iter().copied().filter(|item| *item >= 0).collect();
            prop_assert!(kept.len() == posts && kept.is_sorted());
            let posts_before = |name: i64| {
                let at = items.iter().position(|item| *item == name)?;
                Some(items[..at].iter().filter(|item| **item >= 0).count())
            };
            prop_assert_eq!(posts_before(-1), mentor.then_some(posts.min(2)));
            prop_assert_eq!(posts_before(-2), (matrix && posts >= 6).then_some(6));
            prop_assert_eq!(posts_before(-3), soulmatch.then_some(posts.min(4)));
        }
    }
}
