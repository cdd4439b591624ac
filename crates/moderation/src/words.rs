//! The list of banned words, and how a text is looked through for them.
//!
//! A banned word is found where a word of the text begins with it: `scam` in "Scammers!", but not in "landscams". Letter case,
//! compatibility forms (full width, ligatures, mathematical letters) and characters that nobody sees make no difference.

use std::collections::HashSet;

use caseless::Caseless as _;
use platform::config::Setting;
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// The banned words, in the form in which texts are compared with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BannedWords(Vec<String>);

impl BannedWords {
    /// The list of these words; those of which nothing is left when they are folded are passed over.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let folded = words.into_iter().map(|word| fold(word).trim().to_owned());
        Self(folded.filter(|word| !word.is_empty()).collect())
    }

    /// Whether any of them is in the text.
    pub fn are_in(&self, text: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let text = fold(text);
        let mut starts = None;
        self.0.iter().any(|word| {
            let mut found = text.match_indices(word.as_str()).map(|(at, _)| at).peekable();
            if found.peek().is_none() {
                return false;
            }
            // A word that is no word, such as "$$$", has no beginning to stand at.
            if !word.starts_with(char::is_alphanumeric) {
                return true;
            }
            let starts = starts.get_or_insert_with(|| beginnings(&text));
            found.any(|at| starts.contains(&at))
        })
    }
}

/// Where words begin: by the rules of Unicode, and behind whatever is neither letter nor digit, which those rules do not
/// always take for an end (`free_scam`, `a.scam`).
fn beginnings(text: &str) -> HashSet<usize> {
    let mut starts: HashSet<usize> = text.split_word_bound_indices().map(|(at, _)| at).collect();
    let mut before = None;
    for (at, character) in text.char_indices() {
        if before.is_none_or(|before: char| !before.is_alphanumeric() && !is_mark(before)) {
            starts.insert(at);
        }
        before = Some(character);
    }
    starts
}

/// The text without differences that readers do not see.
fn fold(text: &str) -> String {
    let visible = text.chars().filter(|character| !is_invisible(*character));
    visible.nfkc().default_case_fold().nfkc().collect()
}

/// A mark that belongs to the letter before it.
fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

/// What is not shown and changes nothing: the code points that Unicode calls default ignorable, and other controls of
/// formatting.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

impl Setting for BannedWords {
    const KIND: &'static str = "comma-separated list";
    const BLANK_IS_VALUE: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::new(text.split(',')))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn default() -> BannedWords {
        BannedWords::parse("spam, scam ,offensive,,").expect("is a list")
    }

    #[test]
    fn what_is_found() {
        for text in [
            "spam",
            "this is SPAM indeed",
            "no scammers",
            "how oFFensive",
            "free_spam",
            "(scam)",
            "a.scam",
            "it's a‑scam",
            "s\u{200b}p\u{ad}a\u{feff}m",
            "ｓｐａｍ",
            "𝐬𝐩𝐚𝐦",
            "oﬀensive",
            "x\nscam",
            "🎁spam🎁",
            "#spam",
        ] {
            assert!(default().are_in(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_found() {
        for text in [
            "",
            "landscams",
            "antispam",
            "sp am",
            "s p a m",
            "inoffensive",
            "hello",
        ] {
            assert!(!default().are_in(text), "{text}");
        }
        assert!(!BannedWords::new(["", " ", "\u{200b}"]).are_in("anything"));
        assert!(!BannedWords::new([]).are_in("spam"));
    }

    #[test]
    fn other_scripts_and_phrases() {
        let words = BannedWords::new(["STRASSE", "купить сейчас", "詐欺", "$$$", "ΣΊΣΥΦΟΣ", "სპამი"]);
        for text in [
            "die Straße",
            "Успейте КУПИТЬ СЕЙЧАС!",
            "これは詐欺です",
            "win$$$now",
            "Σίσυφος",
            "ეს სპამია",
        ] {
            assert!(words.are_in(text), "{text}");
        }
        for text in ["Hauptstraße", "купить потом", "win$$now"] {
            assert!(!words.are_in(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_and_no_list_is_too_strange(text: String, words: Vec<String>) {
            BannedWords::new(words.iter().map(String::as_str)).are_in(&text);
        }

        #[test]
        fn a_banned_word_between_spaces_is_found(before: String, after: String, word in "[a-zა-ჰа-я0-9]{1,12}") {
            let words = BannedWords::new([word.as_str()]);
            let text = format!("{before} {word} {after}");
            prop_assert!(words.are_in(&text));
        }

        #[test]
        fn what_nobody_sees_makes_no_difference(text in "[a-z ]{0,40}", at in 0_usize..40) {
            let mut hidden = text.clone();
            hidden.insert(at.min(text.len()), '\u{200b}');
            prop_assert_eq!(default().are_in(&text), default().are_in(&hidden));
        }

        #[test]
        fn letters_before_it_hide_a_word(before in "[a-p]{1,5}", after in "[a-p ]{0,10}") {
            let words = BannedWords::new(["qqq"]);
            prop_assert_eq!(words.are_in(&format!("{before}qqq{after}")), false);
        }
    }
}
