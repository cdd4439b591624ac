//! Handles: the unique short names of accounts, `[a-z0-9_]`, at most 30 characters.

use platform::clock::random_hex;

/// Longest handle, in characters.
pub const LONGEST: usize = 30;
/// What a handle is made of when neither name nor address has a usable character.
const FALLBACK: &str = "selflink";

/// Lower case, everything but letters, digits and `_` dropped, runs of `_` made one and stripped at the ends, cut to 30.
pub fn normalise(text: &str) -> String {
    let mut handle = String::new();
    for character in text.to_lowercase().chars() {
        if character.is_ascii_alphanumeric() || (character == '_' && !handle.ends_with('_')) {
            handle.push(character);
        }
    }
    handle.trim_matches('_').chars().take(LONGEST).collect()
}

/// What a handle may be made from: the name, the address, the fallback; without repetitions.
pub fn candidates(name: &str, email: &str) -> Vec<String> {
    let local = email.split('@').next().unwrap_or("");
    let mut candidates = vec![normalise(name), normalise(local), FALLBACK.to_owned()];
    candidates.retain(|candidate| !candidate.is_empty());
    candidates.dedup();
    candidates
}

/// What a handle is made from when nothing but the name will do.
pub fn own(name: &str) -> Vec<String> {
    let handle = normalise(name);
    if handle.is_empty() {
        Vec::new()
    } else {
        vec![handle]
    }
}

/// The name as a handle, or the fallback, with four random hexadecimal digits at its end.
pub fn with_suffix(name: &str) -> String {
    let (handle, suffix) = (normalise(name), random_hex::<2>());
    let stem = if handle.is_empty() { FALLBACK } else { &handle };
    let room = LONGEST - suffix.len();
    format!("{}{suffix}", &stem[..stem.len().min(room)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalising() {
        for (text, handle) in [
            ("__A--B__x  ", "ab_x"),
            ("Ünï ZQ!", "nzq"),
            ("!!!", ""),
            ("_", ""),
            ("İ", "i"),
        ] {
            assert_eq!(normalise(text), handle, "{text}");
        }
        assert_eq!(normalise(&"y".repeat(64)).len(), 30);
    }

    #[test]
    fn candidates_fall_back() {
        assert_eq!(candidates("ნინო", "nino@example.com"), ["nino", "selflink"]);
        assert_eq!(candidates("!", "-@example.com"), ["selflink"]);
        assert_eq!(with_suffix(&"a".repeat(40)).len(), 30);
        assert!(with_suffix("ნინო").starts_with("selflink"));
    }

    proptest::proptest! {
        #[test]
        fn a_handle_is_always_well_formed(text: String) {
            let handle = normalise(&text);
            proptest::prop_assert!(handle.len() <= LONGEST && !handle.contains("__"));
            proptest::prop_assert!(handle.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'));
        }
    }
}
