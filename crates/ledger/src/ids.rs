//! The names of things in the ledger.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A text that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct ParseError {
    expected: &'static str,
    found: String,
}

impl ParseError {
    /// Quotes the text, but not more of it than a line can hold.
    pub(crate) fn new(expected: &'static str, found: &str) -> Self {
        Self {
            expected,
            found: found.chars().take(80).collect(),
        }
    }
}

/// A decimal integer in its only form: no plus, no leading zeros, no minus zero.
pub(crate) fn integer(text: &str) -> Result<i64, ParseError> {
    let value: Option<i64> = text.parse().ok();
    value
        .filter(|value| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !text.starts_with('+')
                && (!digits.starts_with('0') || text == "0")
                && value.to_string().len() == text.len()
        })
        .ok_or_else(|| ParseError::new("a decimal integer of 64 bits", text))
}

macro_rules! id {
    ($name:ident, $what:literal) => {
        #[doc = concat!("The number of ", $what, ". In the log it is written as text: JSON readers round large numbers.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                integer(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(D::Error::custom)
            }
        }
    };
}

id!(EventId, "a reward event");
id!(ContributorId, "a contributor");

/// What a reward event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// A pull request was merged.
    PrMerged,
    /// A bounty was paid.
    BountyPaid,
    /// A correction by hand.
    ManualAdjustment,
    /// Points on top.
    Bonus,
    /// Points taken back.
    Penalty,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::PrMerged,
        Self::BountyPaid,
        Self::ManualAdjustment,
        Self::Bonus,
        Self::Penalty,
    ];

    /// Its name in files and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrMerged => "pr_merged",
            Self::BountyPaid => "bounty_paid",
            Self::ManualAdjustment => "manual_adjustment",
            Self::Bonus => "bonus",
            Self::Penalty => "penalty",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for EventType {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.as_str() == text)
            .ok_or_else(|| ParseError::new("a type of reward event", text))
    }
}
