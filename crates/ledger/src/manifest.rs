//! The manifests beside the files in the operator's folders. Part 6 of the contract: JSON, keys sorted, indented by two, no line
//! end behind it.

use serde::{Deserialize, Serialize};

use crate::{Hash, Period};

/// `manifest.json` beside `snapshot.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotManifest {
    /// The contributors' share, in cents.
    pub contributor_pool_cents: i64,
    /// What it cost.
    pub costs_cents: i64,
    /// SHA-256 of the ledger file.
    pub csv_sha256: Hash,
    /// The hash over the events.
    pub ledger_hash: Hash,
    /// Which month.
    pub period: Period,
    /// The contributors' share, in percent.
    pub pool_percent: u8,
    /// What came in.
    pub revenue_cents: i64,
    /// The number of events.
    pub total_events: u64,
    /// The sum of their points.
    pub total_points: i64,
}

/// `manifest.json` beside `payout.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayoutManifest {
    /// SHA-256 of the postings.
    pub inputs_hash: Hash,
    /// Which month.
    pub month: Period,
    /// SHA-256 of the payout file.
    pub outputs_hash: Hash,
    /// The version of the rules whose events are in it.
    pub ruleset_version: String,
    /// The sum of all points.
    pub total_points: i64,
    /// The number of users.
    pub user_count: u64,
}

impl SnapshotManifest {
    /// The file.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

impl PayoutManifest {
    /// The file.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_as_python_writes_them() {
        let snapshot = SnapshotManifest {
            contributor_pool_cents: 4_000,
            costs_cents: 1,
            csv_sha256: Hash::empty(),
            ledger_hash: Hash::empty(),
            period: "2025-01".parse().unwrap(),
            pool_percent: 40,
            revenue_cents: 10_001,
            total_events: 2,
            total_points: -7,
        };
        let empty = Hash::empty();
        let json = format!(
            "{{\n  \"contributor_pool_cents\": 4000,\n  \"costs_cents\": 1,\n  \"csv_sha256\": \"{empty}\",\n  \
             \"ledger_hash\": \"{empty}\",\n  \"period\": \"2025-01\",\n  \"pool_percent\": 40,\n  \"revenue_cents\": 10001,\n  \
             \"total_events\": 2,\n  \"total_points\": -7\n}}"
        );
        assert_eq!(snapshot.to_json().unwrap(), json);
        assert_eq!(serde_json::from_str::<SnapshotManifest>(&json).unwrap(), snapshot);
        let payout = PayoutManifest {
            inputs_hash: empty,
            month: snapshot.period,
            outputs_hash: empty,
            ruleset_version: "v1".to_owned(),
            total_points: 3,
            user_count: 1,
        };
        let names = [
            "inputs_hash",
            "month",
            "outputs_hash",
            "ruleset_version",
            "total_points",
            "user_count",
        ];
        let json = payout.to_json().unwrap();
        let places: Vec<_> = names.iter().map(|name| json.find(name)).collect();
        assert!(places.is_sorted() && places[0].is_some());
    }
}
