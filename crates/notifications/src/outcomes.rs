//! What becomes of notifications.

use std::str::FromStr as _;

use crate::kinds::Kind;

/// Counts an outcome of a notification of a kind on one of its ways: `in_app`, `push`, `email`. What clients make up is of
/// the kind `own`, so that they cannot make up labels.
pub fn count(kind: &str, way: &'static str, outcome: &'static str) {
    let kind = Kind::from_str(kind).map_or("own", Kind::name);
    metrics::counter!("selflink_notifications_total", "kind" => kind, "way" => way, "outcome" => outcome)
        .increment(1);
}
