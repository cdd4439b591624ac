//! What somebody searches for.

use crate::fold::fold;

/// Longest text that an index is asked for, in characters; the rest is compared with what it finds.
const LONGEST_PROBE: usize = 64;
/// Fewest characters in a row that the indexes of the databases can look for.
const SHORTEST_PROBE: usize = 3;

/// A search text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// As it was sent, without blanks around it.
    pub text: String,
    /// The form in which it is looked for; not blank.
    pub needle: String,
}

impl Query {
    /// Reads the parameter `q`; `None` if there is nothing to look for.
    pub fn read(sent: Option<&str>) -> Option<Self> {
        let text = sent?.trim();
        let needle = fold(text);
        (!needle.trim().is_empty()).then(|| Self {
            text: text.to_owned(),
            needle,
        })
    }

    /// The same for people: `@ann` looks for `ann`.
    pub fn of_people(sent: Option<&str>) -> Option<Self> {
        let sent = sent?.trim();
        Self::read(Some(sent.strip_prefix('@').unwrap_or(sent)))
    }

    /// Whether no text can hold it: databases do not keep this character.
    pub fn is_in_no_text(&self) -> bool {
        self.needle.contains('\0')
    }

    /// The beginning of the needle, for an index.
    pub fn probe(&self) -> &str {
        let end = self.needle.char_indices().nth(LONGEST_PROBE);
        &self.needle[..end.map_or(self.needle.len(), |(end, _)| end)]
    }

    /// Whether the needle has as many characters as an index of trigrams needs.
    pub fn has_trigram(&self) -> bool {
        self.needle.chars().nth(SHORTEST_PROBE - 1).is_some()
    }

    /// Whether its probe has a word that long: other characters are not in PostgreSQL's trigrams.
    pub fn has_word_trigram(&self) -> bool {
        self.probe()
            .split(|character: char| !character.is_alphanumeric())
            .any(|word| word.chars().nth(SHORTEST_PROBE - 1).is_some())
    }

    /// Its words, without what stands between them.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.needle
            .split(|character: char| !character.is_alphanumeric())
            .filter(|word| !word.is_empty())
    }

    /// Whether it is a hashtag and nothing else.
    pub fn is_hashtag(&self) -> bool {
        self.text.strip_prefix('#').is_some_and(|tag| {
            !tag.is_empty()
                && tag
                    .chars()
                    .all(|character| character.is_alphanumeric() || character == '_')
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_is_no_query() {
        for sent in [None, Some(""), Some(" \t\u{a0} ")] {
            assert_eq!(Query::read(sent), None, "{sent:?}");
        }
        for sent in ["@", " @ "] {
            assert_eq!(Query::of_people(Some(sent)), None, "{sent:?}");
        }
    }

    #[test]
    fn people_are_asked_for_with_or_without_their_sign() {
        let needle = |sent| Query::of_people(Some(sent)).map(|query| query.needle);
        assert_eq!(needle(" @Ann "), Some("ann".to_owned()));
        assert_eq!(needle("@@ann"), Some("@ann".to_owned()));
        assert_eq!(needle("a@b"), Some("a@b".to_owned()));
    }

    #[test]
    fn what_an_index_can_look_for() {
        let query = |sent: &str| Query::read(Some(sent)).expect("is not blank");
        for (sent, in_sqlite, in_postgres) in [
            ("ab", false, false),
            ("abc", true, true),
            ("ქარ", true, true),
            ("a b", true, false),
            ("...", true, false),
            ("C++ is", true, false),
        ] {
            let query = query(sent);
            assert_eq!(
                (query.has_trigram(), query.has_word_trigram()),
                (in_sqlite, in_postgres),
                "{sent}"
            );
        }
        assert_eq!(query(&"ß".repeat(100)).probe().chars().count(), LONGEST_PROBE);
        assert_eq!(query("a, b-c").words().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn hashtags_stand_alone() {
        let is_tag = |sent| Query::read(Some(sent)).is_some_and(|query| query.is_hashtag());
        assert!(is_tag("#Tbilisi") && is_tag(" #თბილისი_2 "));
        for other in ["#", "#a b", "#a#b", "a#b", "# a"] {
            assert!(!is_tag(other), "{other}");
        }
    }
}
