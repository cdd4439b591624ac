//! Why a post is in a feed, in words for whoever reads it.

use serde::Serialize;
use social::PostView;
use utoipa::ToSchema;

use crate::ranking::Terms;

/// Hours for which a post counts as new in an explanation.
const NEW_HOURS: f64 = 24.0;

/// Why a post is where it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Explanation {
    /// What it scores for this viewer, now.
    pub score: f64,
    /// The parts that add up to the score; in feeds that are not ranked, an empty object.
    pub terms: ExplainedTerms,
    /// A sentence.
    pub reason: String,
}

/// The parts of a score.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ExplainedTerms {
    /// Of a ranked feed.
    Ranked(Terms),
    /// Of a feed in the order of time.
    None {},
}

/// In a timeline.
pub fn of_entry(post: &PostView, viewer: i64, score: f64) -> Explanation {
    let reason = if post.author.id == viewer {
        "You wrote this post.".to_owned()
    } else {
        format!("You follow @{}.", post.author.handle)
    };
    Explanation {
        score,
        terms: ExplainedTerms::None {},
        reason,
    }
}

/// In a ranked feed.
pub fn of_candidate(post: &PostView, viewer: i64, terms: Terms, age_hours: f64) -> Explanation {
    let follow = format!("you follow @{}", post.author.handle);
    let comments = match post.comment_count {
        1 => "it has a comment".to_owned(),
        count => format!("it has {count} comments"),
    };
    let likes = match post.like_count {
        1 => "one person likes it".to_owned(),
        count => format!("{count} people like it"),
    };
    let mut parts = vec![
        (terms.follows, follow.as_str()),
        (terms.comments, comments.as_str()),
        (terms.likes, likes.as_str()),
        (terms.video, "it has a video"),
    ];
    parts.retain(|(term, _)| *term > 0.0);
    parts.sort_by(|one, other| other.0.total_cmp(&one.0));
    if age_hours < NEW_HOURS {
        // At last, however much it counts: so are most of the others.
        parts.push((terms.recency, "it is new"));
    }
    let reason = if post.author.id == viewer {
        "You wrote this post.".to_owned()
    } else {
        match parts.as_slice() {
            [] => "You may not have seen it yet.".to_owned(),
            [(_, only)] => format!("{}.", capitalised(only)),
            [(_, first), (_, second), ..] => format!("{}, and {second}.", capitalised(first)),
        }
    };
    Explanation {
        score: terms.sum(),
        terms: ExplainedTerms::Ranked(terms),
        reason,
    }
}

/// The words begin with a letter of ASCII, or a number.
fn capitalised(words: &str) -> String {
    let (first, rest) = words.split_at(1);
    format!("{}{rest}", first.to_ascii_uppercase())
}
