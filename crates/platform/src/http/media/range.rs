//! Which part of a file a request is for (RFC 9110, section 14).

use std::ops::Range;

use axum::http::{HeaderMap, Method, header};

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    /// Never empty.
    Part(Range<u64>),
    /// A part that the file does not have.
    Nothing,
}

/// Of several parts, and of what is written wrongly, the whole file comes, as the standard allows.
pub(super) fn wanted(method: &Method, headers: &HeaderMap, tag: &str, length: u64) -> Wanted {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &axum::http::HeaderValue| value.to_str().unwrap_or_default())
    };
    let is_of_this_file = text(header::IF_RANGE).is_none_or(|known| known == tag);
    match text(header::RANGE) {
        Some(range) if *method == Method::GET && is_of_this_file => {
            parse(range, length).unwrap_or(Wanted::Whole)
        }
        _ => Wanted::Whole,
    }
}

fn parse(text: &str, length: u64) -> Option<Wanted> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let range = match (first, last) {
        ("", last) => length.saturating_sub(number(last)?)..length,
        (first, "") => number(first)?..length,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(length)
        }
    };
    Some(if range.is_empty() {
        Wanted::Nothing
    } else {
        Wanted::Part(range)
    })
}

/// Digits only; more than fit stand for the largest number.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(range: &str, length: u64) -> Wanted {
        let headers = HeaderMap::from_iter([(header::RANGE, range.parse().expect("a value"))]);
        wanted(&Method::GET, &headers, "\"t\"", length)
    }

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=4-7", Wanted::Part(4..8)),
            ("bytes=4-", Wanted::Part(4..10)),
            ("bytes=4-99999999999999999999999", Wanted::Part(4..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("Bytes=-30", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=10-11", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-1,4-5", Wanted::Whole),
            ("bytes=", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
        ] {
            assert_eq!(of(range, 10), expected, "{range}");
        }
        assert_eq!(of("bytes=0-", 0), Wanted::Nothing);
    }

    #[test]
    fn a_part_of_another_file_is_not_wanted() {
        for (known, expected) in [
            ("\"t\"", Wanted::Part(1..2)),
            ("\"other\"", Wanted::Whole),
            ("W/\"t\"", Wanted::Whole),
        ] {
            let headers = HeaderMap::from_iter([
                (header::RANGE, "bytes=1-1".parse().expect("a value")),
                (header::IF_RANGE, known.parse().expect("a value")),
            ]);
            assert_eq!(wanted(&Method::GET, &headers, "\"t\"", 5), expected, "{known}");
            assert_eq!(wanted(&Method::HEAD, &headers, "\"t\"", 5), Wanted::Whole);
        }
    }

    proptest! {
        #[test]
        fn parts_lie_within_the_file(range: String, first: u64, last: u64, length in 0_u64..100) {
            for range in [format!("bytes={range}"), format!("bytes={first}-{last}"), format!("bytes=-{last}")] {
                if let Some(Wanted::Part(part)) = parse(&range, length) {
                    prop_assert!(part.start < part.end && part.end <= length);
                }
            }
        }
    }
}
