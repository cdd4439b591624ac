//! When two texts count as the same: case, and how a letter is composed, do not matter.

use unicode_normalization::UnicodeNormalization as _;

/// The dot that the small form of `İ` keeps.
const DOT_ABOVE: char = '\u{307}';

/// The form of a text in which it is searched. By way of upper case: `ß` and `SS`, `ς` and `σ`, `ı` and `i` meet there only;
/// and to that from lower case, which alone makes `ß` of `ẞ`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.nfc() {
        let small = character.to_lowercase();
        for small in small.flat_map(char::to_uppercase).flat_map(char::to_lowercase) {
            // `İstanbul` is found as `istanbul`.
            if small != DOT_ABOVE || !folded.ends_with('i') {
                folded.push(small);
            }
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn letters_that_differ_in_case_alone_are_the_same() {
        for (one, other) in [
            ("Straße", "STRASSE"),
            ("ẞ", "ss"),
            ("İstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδος"),
            ("Საქართველო", "საქართველო"),
            ("ᲡᲐᲥᲐᲠᲗᲕᲔᲚᲝ", "საქართველო"),
            ("ПРИВЕТ", "привет"),
            ("e\u{301}te\u{301}", "ÉTÉ"),
            ("ǅ", "ǆ"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("z\u{307}"), fold("z"));
    }

    proptest::proptest! {
        #[test]
        fn folding_again_changes_nothing(text: String) {
            let folded = fold(&text);
            proptest::prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn a_part_of_ascii_stays_a_part(text in "[ -~]{0,40}", from in 0_usize..40, to in 0_usize..40) {
            let (from, to) = (from.min(text.len()), to.min(text.len()));
            let part = &text[from.min(to)..from.max(to)];
            proptest::prop_assert!(fold(&text).contains(&fold(part)));
        }
    }
}
