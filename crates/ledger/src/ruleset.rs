//! How points are given: rules as versioned data. Each event keeps the version that scored it; a new version applies to what
//! comes after it, never to what was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The rules that hold unless others are chosen.
pub const DEFAULT_VERSION: &str = "v1";
/// Longest name of a version.
pub const MAX_VERSION: usize = 16;
/// Most points that rules may give for one contribution: a slip in a table must not empty the pool.
const MAX_POINTS: i64 = 1_000_000;

/// Why rules are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ruleset {version:?}: {reason}")]
pub struct RulesetError {
    version: String,
    reason: &'static str,
}

/// One version of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruleset {
    /// Its name.
    pub version: String,
    /// How it counts.
    pub scoring: Scoring,
}

/// How a merged pull request is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Scoring {
    /// The same for each.
    Flat(i64),
    /// By its labels.
    Labels(LabelTable),
}

/// Points by labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelTable {
    /// Exactly one of these must be on the pull request, or it gives nothing until that is put right.
    pub sizes: BTreeMap<String, i64>,
    /// What these give on top, each once.
    pub bonuses: BTreeMap<String, i64>,
    /// Most that all bonuses together give.
    pub bonus_limit: i64,
}

/// What a contribution scored, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// So many points.
    Points(i64),
    /// None yet: it has no label for its size.
    NoSize,
    /// None yet: it has more than one label for its size.
    SeveralSizes,
}

impl Score {
    /// The points that are recorded.
    pub fn points(self) -> i64 {
        match self {
            Self::Points(points) => points,
            Self::NoSize | Self::SeveralSizes => 0,
        }
    }
}

impl Ruleset {
    /// `v1`, the rules as they run: 10 points for each merged pull request.
    pub fn flat() -> Self {
        Self {
            version: DEFAULT_VERSION.to_owned(),
            scoring: Scoring::Flat(10),
        }
    }

    /// `v2`, the rules as they were published: points by the label for the size, no bonuses.
    pub fn labels() -> Self {
        let sizes = [
            ("size:xs", 1),
            ("size:s", 3),
            ("size:m", 5),
            ("size:l", 8),
            ("size:xl", 13),
        ];
        Self {
            version: "v2".to_owned(),
            scoring: Scoring::Labels(LabelTable {
                sizes: sizes
                    .into_iter()
                    .map(|(label, points)| (label.to_owned(), points))
                    .collect(),
                bonuses: BTreeMap::new(),
                bonus_limit: 0,
            }),
        }
    }

    /// The versions that come with the program.
    pub fn built_in() -> [Self; 2] {
        [Self::flat(), Self::labels()]
    }

    /// Checks rules that came from outside: names, no negative points, bounds, labels in lower case (they are compared
    /// without regard to case) and none that is both size and bonus.
    pub fn check(&self) -> Result<(), RulesetError> {
        let refuse = |reason| {
            Err(RulesetError {
                version: self.version.clone(),
                reason,
            })
        };
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if self.version.is_empty() || self.version.len() > MAX_VERSION || !plain(&self.version) {
            return refuse("its name must have 1 to 16 visible ASCII characters");
        }
        let in_bounds = |points: &i64| (0..=MAX_POINTS).contains(points);
        match &self.scoring {
            Scoring::Flat(points) if in_bounds(points) => Ok(()),
            Scoring::Flat(_) => refuse("its points are out of bounds"),
            Scoring::Labels(table) => {
                let mut labels = table.sizes.iter().chain(&table.bonuses);
                if !labels.all(|(label, points)| in_bounds(points) && *label == label.to_lowercase()) {
                    return refuse("a label has upper case or points out of bounds");
                }
                if table.sizes.is_empty() || table.sizes.keys().any(|label| table.bonuses.contains_key(label))
                {
                    return refuse("it has no sizes, or a label that is both size and bonus");
                }
                if in_bounds(&table.bonus_limit) {
                    Ok(())
                } else {
                    refuse("its limit of bonuses is out of bounds")
                }
            }
        }
    }

    /// The points for a merged pull request with these labels, written in any case.
    pub fn score<'a>(&self, labels: impl IntoIterator<Item = &'a str>) -> Score {
        let table = match &self.scoring {
            Scoring::Flat(points) => return Score::Points(*points),
            Scoring::Labels(table) => table,
        };
        let mut labels: Vec<String> = labels.into_iter().map(str::to_lowercase).collect();
        labels.sort_unstable();
        labels.dedup();
        let mut sizes = labels.iter().filter_map(|label| table.sizes.get(label));
        let size = match (sizes.next(), sizes.next()) {
            (None, _) => return Score::NoSize,
            (Some(_), Some(_)) => return Score::SeveralSizes,
            (Some(size), None) => *size,
        };
        let bonuses = labels.iter().filter_map(|label| table.bonuses.get(label));
        let bonus = bonuses.fold(0, |sum: i64, points| sum.saturating_add(*points));
        Score::Points(size.saturating_add(bonus.min(table.bonus_limit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_is_flat() {
        assert_eq!(Ruleset::flat().score(["size:xl", "bug"]), Score::Points(10));
        assert_eq!(Ruleset::flat().version, DEFAULT_VERSION);
    }

    #[test]
    fn the_second_needs_one_size() {
        let rules = Ruleset::labels();
        for (label, points) in [
            ("size:xs", 1),
            ("size:s", 3),
            ("Size:M", 5),
            ("size:l", 8),
            ("SIZE:XL", 13),
        ] {
            assert_eq!(rules.score([label, "bug", label]), Score::Points(points));
        }
        assert_eq!(rules.score(["bug"]), Score::NoSize);
        assert_eq!(rules.score(["size:s", "size:m"]), Score::SeveralSizes);
        assert_eq!(Score::SeveralSizes.points() + Score::NoSize.points(), 0);
    }

    #[test]
    fn bonuses_are_limited() {
        let json = r#"{"version":"v3","scoring":{"labels":{"sizes":{"size:s":3},"bonuses":{"security":2,"infra":2},"bonus_limit":3}}}"#;
        let rules: Ruleset = serde_json::from_str(json).unwrap();
        rules.check().unwrap();
        assert_eq!(rules.score(["size:s"]), Score::Points(3));
        assert_eq!(rules.score(["size:s", "infra"]), Score::Points(5));
        assert_eq!(rules.score(["size:s", "infra", "Security"]), Score::Points(6));
    }

    #[test]
    fn unsound_rules_are_refused() {
        for rules in Ruleset::built_in() {
            rules.check().unwrap();
        }
        let flat = |version: &str, points| Ruleset {
            version: version.to_owned(),
            scoring: Scoring::Flat(points),
        };
        for rules in [
            flat("", 1),
            flat("a version too long", 1),
            flat("v 2", 1),
            flat("v2", -1),
            flat("v2", 1_000_001),
        ] {
            assert!(rules.check().is_err(), "{rules:?}");
        }
        for scoring in [
            r#"{"sizes":{},"bonuses":{},"bonus_limit":0}"#,
            r#"{"sizes":{"S":1},"bonuses":{},"bonus_limit":0}"#,
            r#"{"sizes":{"s":1},"bonuses":{"s":1},"bonus_limit":0}"#,
            r#"{"sizes":{"s":1},"bonuses":{"b":-1},"bonus_limit":0}"#,
            r#"{"sizes":{"s":1},"bonuses":{},"bonus_limit":-1}"#,
        ] {
            let json = format!(r#"{{"version":"v2","scoring":{{"labels":{scoring}}}}}"#);
            assert!(
                serde_json::from_str::<Ruleset>(&json).unwrap().check().is_err(),
                "{json}"
            );
        }
        assert!(
            serde_json::from_str::<Ruleset>(r#"{"version":"v2","scoring":{"flat":1},"secret":2}"#).is_err()
        );
    }
}
