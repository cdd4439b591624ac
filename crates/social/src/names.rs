//! What a text names: hashtags and people.

/// Most hashtags, and most people, that a text names; further ones count as words.
const MOST: usize = 30;
/// Longest hashtag, in characters.
const LONGEST_TAG: usize = 64;
/// Longest handle, in characters.
const LONGEST_HANDLE: usize = 30;

/// What a text names, each once, in the order of its first appearance.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Without `#`, in lower case.
    pub hashtags: Vec<String>,
    /// Without `@`, in lower case.
    pub handles: Vec<String>,
}

/// Reads the names of a text. A `#` or `@` in the middle of a word or an address names nothing.
pub fn names_in(text: &str) -> Names {
    let mut names = Names::default();
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let begins = !is_part_of_word(before) && !"#@/&".contains(before);
        before = character;
        if !begins {
            continue;
        }
        let rest = &text[at + character.len_utf8()..];
        let word = rest.split(|character| !is_part_of_word(character)).next();
        match (character, word) {
            ('#' | '＃', Some(word)) => add(&mut names.hashtags, hashtag(word)),
            ('@', Some(word)) => add(&mut names.handles, handle(word)),
            _ => {}
        }
    }
    names
}

fn is_part_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn add(names: &mut Vec<String>, name: Option<String>) {
    if let Some(name) = name
        && names.len() < MOST
        && !names.contains(&name)
    {
        names.push(name);
    }
}

/// The stored form of a hashtag without its `#`; `None` if it is none: only letters, digits and underscores, not digits
/// alone, at most 64 characters.
pub fn hashtag(word: &str) -> Option<String> {
    let folded = word.to_lowercase();
    let is_short = folded.chars().count() <= LONGEST_TAG;
    // Folding may separate marks from their letters (İ).
    let folded: String = folded
        .chars()
        .filter(|character| is_part_of_word(*character))
        .collect();
    let is_named = folded.chars().any(|character| !character.is_numeric());
    (is_short && is_named && word.chars().all(is_part_of_word)).then_some(folded)
}

fn handle(word: &str) -> Option<String> {
    let is_handle = (1..=LONGEST_HANDLE).contains(&word.len())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_handle.then(|| word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tags(text: &str) -> Vec<String> {
        names_in(text).hashtags
    }

    fn handles(text: &str) -> Vec<String> {
        names_in(text).handles
    }

    #[test]
    fn hashtags_of_every_script() {
        assert_eq!(
            tags("#Rust, #თბილისი! (#ÄPFEL) #a_1 #rust #日本"),
            ["rust", "თბილისი", "äpfel", "a_1", "日本"]
        );
        assert_eq!(tags("#one#two #three"), ["one", "three"]);
        assert_eq!(tags("#İzmir"), ["izmir"]);
    }

    #[test]
    fn what_is_no_hashtag() {
        for text in [
            "#",
            "# x",
            "##",
            "a#b",
            "&#39;",
            "https://x.example/#part",
            "#12",
            "#!",
            "x_#y",
        ] {
            assert_eq!(tags(text), [""; 0], "{text}");
        }
        assert_eq!(tags(&format!("#{}", "x".repeat(64))).len(), 1);
        assert_eq!(tags(&format!("#{}", "x".repeat(65))).len(), 0);
    }

    #[test]
    fn people() {
        assert_eq!(handles("@Ann, @bob_2! (@ann) @c."), ["ann", "bob_2", "c"]);
        for text in [
            "a@b.example",
            "@",
            "@ ann",
            "https://x.example/@ann",
            "@ანა",
            "@@ann",
        ] {
            assert_eq!(handles(text), [""; 0], "{text}");
        }
        assert_eq!(handles(&format!("@{}", "x".repeat(31))).len(), 0);
    }

    #[test]
    fn only_so_many_count() {
        let words: Vec<String> = (0..40).map(|n| format!("#t{n} @h{n}")).collect();
        let text = words.join(" ");
        let names = names_in(&text);
        assert_eq!((names.hashtags.len(), names.handles.len()), (MOST, MOST));
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text: String) {
            let names = names_in(&text);
            for tag in names.hashtags {
                prop_assert!(tag.chars().count() <= LONGEST_TAG);
                // A stored tag is found by itself.
                prop_assert_eq!(hashtag(&tag), Some(tag));
            }
        }

        #[test]
        fn tags_between_words_are_found(tag in "[a-z][a-z0-9_]{0,63}", words in "[a-z ]{0,20}") {
            prop_assert_eq!(tags(&format!("{words} #{tag} {words}")), [tag]);
        }
    }
}
