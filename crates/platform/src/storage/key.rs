use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::local::INCOMING;
use crate::clock::random_hex;

/// The longest key, in bytes: S3's limit.
pub const MAX_KEY_BYTES: usize = 1024;
/// The longest part of a key between slashes, in bytes: file systems allow 255, and a suffix may be added.
pub const MAX_SEGMENT_BYTES: usize = 200;

/// Everything but what RFC 3986 calls unreserved, and the slashes between segments.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A key that cannot name a file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{key}' cannot be a file's key: {reason}")]
pub struct InvalidKey {
    key: String,
    reason: &'static str,
}

/// Returns `key` if it can name a file in every kind of storage and cannot lead out of it.
pub(super) fn checked(key: &str) -> Result<&str, InvalidKey> {
    let reason = if key.is_empty() {
        "it is empty"
    } else if key.len() > MAX_KEY_BYTES {
        "it has more than 1024 bytes"
    } else if key.contains(['\\', '\0']) {
        "it contains a backslash or a NUL"
    } else if key.split('/').any(str::is_empty) {
        "it begins or ends with a slash, or contains two in a row"
    } else if key.split('/').any(|segment| matches!(segment, "." | "..")) {
        "it contains '.' or '..' between slashes"
    } else if key.split('/').any(|segment| segment.len() > MAX_SEGMENT_BYTES) {
        "it has more than 200 bytes between slashes"
    } else if key.split('/').next() == Some(INCOMING) {
        "that folder is reserved"
    } else {
        return Ok(key);
    };
    // Enough to recognise it by.
    Err(InvalidKey {
        key: key.chars().take(100).collect(),
        reason,
    })
}

/// `photos/cat.jpg` becomes something like `photos/cat_9f86d081.jpg`.
pub(super) fn with_random_suffix(key: &str) -> String {
    let name_start = key.rfind('/').map_or(0, |slash| slash + 1);
    // A name that begins with its only dot has no extension.
    let stem_end = match key[name_start..].rfind('.') {
        None | Some(0) => key.len(),
        Some(dot) => name_start + dot,
    };
    let (stem, extension) = key.split_at(stem_end);
    format!("{stem}_{}{extension}", random_hex::<4>())
}

pub(super) fn percent_encoded(key: &str) -> String {
    utf8_percent_encode(key, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_keys_that_name_a_file() {
        let longest = ["a"; MAX_KEY_BYTES / 2].join("/") + "b";
        for key in [
            "a",
            "a/b.jpg",
            "a b/ü+%.png",
            ".hidden",
            "a/...",
            "a..b/c",
            "a/.incoming",
            &longest,
        ] {
            assert_eq!(checked(key), Ok(key));
        }
    }

    #[test]
    fn refuses_keys_that_do_not() {
        let long = "a/".repeat(MAX_KEY_BYTES / 2) + "a";
        let long_segment = "a".repeat(MAX_SEGMENT_BYTES + 1);
        let keys = [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "./a",
            "a/..",
            "a/../b",
            "../a",
            "a\\b",
            "a\0b",
            ".incoming/a",
            &long,
            &long_segment,
        ];
        for key in keys {
            checked(key).unwrap_err();
        }
    }

    #[test]
    fn a_suffix_goes_before_the_extension() {
        for (key, start, end) in [
            ("a/b.c/cat.jpg", "a/b.c/cat_", ".jpg"),
            ("cat", "cat_", ""),
            ("a.b/cat", "a.b/cat_", ""),
            ("a/.env", "a/.env_", ""),
            ("cat.tar.gz", "cat.tar_", ".gz"),
        ] {
            let suffixed = with_random_suffix(key);
            assert!(
                suffixed.starts_with(start) && suffixed.ends_with(end),
                "{suffixed}"
            );
            assert_eq!(suffixed.len(), key.len() + 9);
        }
    }

    #[test]
    fn urls_are_encoded() {
        assert_eq!(percent_encoded("a b/ü+?#%.jpg"), "a%20b/%C3%BC%2B%3F%23%25.jpg");
    }
}
