//! How posts are ranked. Pure: what a post scores depends on what is passed in and on nothing else.

use std::cmp::Ordering;

use serde::Serialize;
use utoipa::ToSchema;

/// Hours after which the bonus of a fresh post has halved.
const HALF_LIFE_HOURS: f64 = 24.0;
/// Likes, or twice the comments, at which more of them count no more.
const SATURATION: f64 = 50.0;
/// What every post scores.
const BASE: f64 = 0.05;

/// How much each of the signals counts; each term of a score lies between 0 and its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    recency: f64,
    likes: f64,
    comments: f64,
    follows: f64,
    video: f64,
}

/// Of the feed of everybody's posts.
pub const FOR_YOU: Weights = Weights {
    recency: 0.55,
    likes: 0.25,
    comments: 0.35,
    follows: 0.45,
    video: 0.05,
};

/// Of the feed of everybody's videos.
pub const FOR_YOU_VIDEOS: Weights = Weights {
    recency: 0.45,
    likes: 0.40,
    comments: 0.45,
    follows: 0.30,
    video: 0.15,
};

/// What is known of a post when it is ranked for a viewer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signals {
    /// Hours since it was made.
    pub age_hours: f64,
    pub likes: i64,
    pub comments: i64,
    /// The viewer follows its author; nobody follows themselves.
    pub follows: bool,
    pub has_video: bool,
}

/// The parts of a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Terms {
    /// For being new: halves every day.
    pub recency: f64,
    /// For likes, by their logarithm; 50 count as much as any more.
    pub likes: f64,
    /// For comments, by their logarithm; 25 count as much as any more.
    pub comments: f64,
    /// For being of somebody whom the viewer follows.
    pub follows: f64,
    /// For having a video.
    pub video: f64,
    /// What every post has.
    pub base: f64,
}

impl Terms {
    /// The score.
    pub fn sum(&self) -> f64 {
        self.recency + self.likes + self.comments + self.follows + self.video + self.base
    }
}

/// What a post scores, in its parts.
pub fn score(weights: &Weights, signals: &Signals) -> Terms {
    Terms {
        recency: weights.recency * (-signals.age_hours.max(0.0) / HALF_LIFE_HOURS).exp2(),
        likes: weights.likes * saturating(float(signals.likes)),
        comments: weights.comments * saturating(2.0 * float(signals.comments)),
        follows: if signals.follows { weights.follows } else { 0.0 },
        video: if signals.has_video { weights.video } else { 0.0 },
        base: BASE,
    }
}

/// From 0 for none to 1 for [`SATURATION`] and more.
fn saturating(count: f64) -> f64 {
    (count.ln_1p() / SATURATION.ln_1p()).min(1.0)
}

/// Whether the post `one` comes before the post `other`, each with its score: higher scores first, then newer posts.
pub fn order(one: (f64, i64), other: (f64, i64)) -> Ordering {
    other.0.total_cmp(&one.0).then(other.1.cmp(&one.1))
}

/// What an entry scores in a timeline that is built anew: more for what was much liked and discussed in a short time, and
/// for people who were followed lately. Hours since the post and since the follow.
pub fn backlog_score(likes: i64, comments: i64, age_hours: f64, followed_hours: f64) -> f64 {
    let weight = (3.0 / followed_hours.max(1.0)).clamp(0.5, 2.5);
    weight * (1.0 + 0.5 * float(likes) + 0.75 * float(comments)) / age_hours.max(0.001)
}

/// Counters are never negative, nor so large that this would not be exact.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn float(count: i64) -> f64 {
    count.max(0) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signals() -> impl Strategy<Value = Signals> {
        let counts = || prop_oneof![0_i64..200, 0..=i64::MAX];
        (-1.0..100_000.0, counts(), counts(), any::<bool>(), any::<bool>()).prop_map(
            |(age_hours, likes, comments, follows, has_video)| Signals {
                age_hours,
                likes,
                comments,
                follows,
                has_video,
            },
        )
    }

    fn weights() -> impl Strategy<Value = Weights> {
        prop_oneof![Just(FOR_YOU), Just(FOR_YOU_VIDEOS)]
    }

    proptest! {
        #[test]
        fn scores_are_bounded(weights in weights(), signals in signals()) {
            let most = weights.recency + weights.likes + weights.comments + weights.follows + weights.video + BASE;
            let sum = score(&weights, &signals).sum();
            prop_assert!((BASE..=most + 1e-9).contains(&sum), "{sum}");
        }

        #[test]
        fn more_likes_and_comments_never_harm(weights in weights(), signals in signals(), likes in 0_i64..100, comments in 0_i64..100) {
            let more = Signals {
                likes: signals.likes.saturating_add(likes),
                comments: signals.comments.saturating_add(comments),
                ..signals
            };
            prop_assert!(score(&weights, &more).sum() >= score(&weights, &signals).sum());
        }

        #[test]
        fn one_like_or_comment_more_counts_until_there_are_many(weights in weights(), signals in signals(), likes in 0_i64..50, comments in 0_i64..25) {
            let few = Signals { likes, comments, ..signals };
            let liked = Signals { likes: likes + 1, ..few };
            let discussed = Signals { comments: comments + 1, ..few };
            prop_assert!(score(&weights, &liked).likes > score(&weights, &few).likes);
            prop_assert!(score(&weights, &discussed).comments > score(&weights, &few).comments);
        }

        #[test]
        fn older_posts_never_score_more(weights in weights(), signals in signals(), hours in 0.0..1000.0) {
            let older = Signals { age_hours: signals.age_hours + hours, ..signals };
            prop_assert!(score(&weights, &older).sum() <= score(&weights, &signals).sum());
        }

        #[test]
        fn follows_and_videos_are_worth_their_weight(weights in weights(), signals in signals()) {
            let plain = score(&weights, &Signals { follows: false, has_video: false, ..signals }).sum();
            let followed = score(&weights, &Signals { follows: true, has_video: false, ..signals }).sum();
            let film = score(&weights, &Signals { follows: false, has_video: true, ..signals }).sum();
            prop_assert!((followed - plain - weights.follows).abs() < 1e-9);
            prop_assert!((film - plain - weights.video).abs() < 1e-9);
        }

        #[test]
        fn the_order_is_total_and_ties_go_to_the_newer(mut posts in proptest::collection::vec((0_u8..4, any::<i64>()), 0..50)) {
            posts.sort_unstable();
            let key = |post: &(u8, i64)| (f64::from(post.0), post.1);
            posts.sort_by(|one, other| order(key(one), key(other)));
            for pair in posts.windows(2) {
                prop_assert!(pair[0].0 > pair[1].0 || (pair[0].0 == pair[1].0 && pair[0].1 >= pair[1].1));
            }
        }

        #[test]
        fn backlog_scores_are_finite_and_fall_with_age(likes in 0_i64..1_000_000, comments in 0_i64..1_000_000, age in 0.0..10_000.0, followed in 0.0..100_000.0, hours in 0.0..100.0) {
            let now = backlog_score(likes, comments, age, followed);
            prop_assert!(now.is_finite() && now > 0.0);
            prop_assert!(backlog_score(likes, comments, age + hours, followed) <= now);
            prop_assert!(backlog_score(likes + 1, comments, age, followed) > now);
            prop_assert!(backlog_score(likes, comments, age, followed + hours) <= now);
        }
    }

    #[test]
    fn the_published_figures() {
        let near = |one: f64, other: f64| assert!((one - other).abs() < 1e-9, "{one} {other}");
        let day_old = Signals {
            age_hours: 24.0,
            likes: 50,
            comments: 25,
            follows: true,
            has_video: true,
        };
        near(
            score(&FOR_YOU, &day_old).sum(),
            0.275 + 0.25 + 0.35 + 0.45 + 0.05 + 0.05,
        );
        near(
            score(&FOR_YOU_VIDEOS, &day_old).sum(),
            0.225 + 0.40 + 0.45 + 0.30 + 0.15 + 0.05,
        );
        near(backlog_score(2, 4, 2.0, 0.0), 2.5 * 5.0 / 2.0);
        near(backlog_score(0, 0, 1.0, 2.0), 1.5);
        near(backlog_score(0, 0, 0.0, 1000.0), 500.0);
    }
}
