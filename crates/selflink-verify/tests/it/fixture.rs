//! Makes published folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ledger::allocation::{allocate, pool_cents, write_allocations};
use ledger::checkpoint::Checkpoint;
use ledger::entry::{Entry, Event, Pending, Statement};
use ledger::ledger_file::{LedgerWriter, Row};
use ledger::manifest::SnapshotManifest;
use ledger::note::{Algorithm, SignerKey};
use ledger::tile::{Layer, Tile, push_entry};
use ledger::tree::CompactRange;
use ledger::{ContributorId, EventId, EventType, Hash, Period, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

/// 2025-01-01T00:00:00Z.
const JANUARY: i64 = 1_735_689_600_000_000;

/// A log and its months, being made.
pub struct Publisher {
    pub folder: TempDir,
    pub entries: Vec<Vec<u8>>,
    key: SignerKey,
    witness: SignerKey,
    range: CompactRange,
    rows: BTreeMap<Period, Vec<Row>>,
}

/// What a run printed and how it ended.
pub struct Outcome {
    pub status: u8,
    pub text: String,
}

impl Outcome {
    #[track_caller]
    pub fn is(&self, status: u8, words: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(self.text.contains(words), "{words:?} is not in\n{}", self.text);
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

pub fn run(args: &[&str]) -> Outcome {
    let mut out = Vec::new();
    let status = selflink_verify::run(["selflink-verify", "--quiet"].iter().chain(args), &mut out);
    Outcome {
        status,
        text: String::from_utf8(out).unwrap(),
    }
}

pub fn period(text: &str) -> Period {
    text.parse().unwrap()
}

/// An event of January 2025; later ones in this list happened earlier.
pub fn row(id: i64, contributor: i64, points: i64) -> Row {
    let at = Timestamp::from_unix_micros(JANUARY + (3_000_000 - id) * 800_000).unwrap();
    let kind = if points < 0 {
        EventType::Penalty
    } else {
        EventType::PrMerged
    };
    let metadata = json!({"github_username": format!("dev-{contributor}"), "repository": "octo/app",
        "pull_request": {"id": id, "number": id, "title": "Say \"hello\", wörld", "url": null, "merged_at": "2025-01-02T03:04:05Z"}});
    let Value::Object(metadata) = metadata else {
        panic!("an object")
    };
    Row::new(EventId(id), ContributorId(contributor), kind, points, at)
        .with_reference(format!("PR-{id}"))
        .with_metadata(&metadata)
}

impl Publisher {
    pub fn new() -> Self {
        let publisher = Self {
            folder: TempDir::new().unwrap(),
            entries: Vec::new(),
            key: SignerKey::from_seed("log.example/rewards", Algorithm::Note, &[1; 32]).unwrap(),
            witness: SignerKey::from_seed("witness.example/w", Algorithm::Cosignature, &[2; 32]).unwrap(),
            range: CompactRange::default(),
            rows: BTreeMap::new(),
        };
        publisher.write("log/key", format!("{}\n", publisher.key()).as_bytes());
        publisher
    }

    /// January 2025 with some events of everyone, closed, and a few entries after it.
    pub fn january(events: i64) -> Self {
        let mut publisher = Self::new();
        for id in 1..=events {
            publisher.event(&row(
                id,
                100 + id % 7,
                if id % 11 == 0 { -4 } else { id % 13 + 1 },
            ));
        }
        publisher.add(&Entry::Pending(Pending {
            reference: "PR-9".to_owned(),
            payload_sha256: Hash::of(b"9"),
        }));
        publisher.close(period("2025-01"));
        let mut february = row(events + 1, 101, 10);
        february.occurred_at = Timestamp::from_unix_micros(JANUARY + 40 * 86_400_000_000).unwrap();
        publisher.event(&february);
        publisher.publish();
        publisher
    }

    pub fn path(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn key(&self) -> String {
        self.key.verifier().to_string()
    }

    pub fn witness(&self) -> String {
        self.witness.verifier().to_string()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn add(&mut self, entry: &Entry) {
        self.entries.push(entry.to_bytes().unwrap());
    }

    /// Logs an event and keeps it for its month.
    pub fn event(&mut self, row: &Row) {
        self.log(row);
        self.rows
            .entry(row.occurred_at.period())
            .or_default()
            .push(row.clone());
    }

    /// Logs an event and keeps it for nothing.
    pub fn log(&mut self, row: &Row) {
        self.add(&Entry::Event(Event {
            event_id: row.id,
            contributor: row.contributor,
            event_type: row.event_type,
            points: row.points,
            occurred_at: row.occurred_at,
            reference: row.reference.clone(),
            ruleset: "v1".to_owned(),
            payload_sha256: Some(Hash::of(row.reference.as_bytes())),
        }));
    }

    /// Keeps an event for its month and does not log it.
    pub fn slip_in(&mut self, row: Row) {
        self.rows.entry(row.occurred_at.period()).or_default().push(row);
    }

    /// Closes a month: 1,000.01 came in, 0.01 was spent, half is the pool.
    pub fn close(&mut self, period: Period) {
        self.close_as(period, |_| {});
    }

    /// Closes a month with a statement that was changed.
    pub fn close_as(&mut self, period: Period, change: impl FnOnce(&mut Statement)) {
        let mut rows = self.rows.remove(&period).unwrap_or_default();
        rows.sort_by_key(|row| (row.occurred_at, row.id));
        let mut csv = Vec::new();
        let mut writer = LedgerWriter::new(&mut csv, period).unwrap();
        for row in &rows {
            writer.write(row).unwrap();
        }
        let summary = writer.finish().unwrap();
        let (revenue_cents, costs_cents, pool_percent) = (100_001, 1, 50);
        let pool_cents = pool_cents(revenue_cents, costs_cents, pool_percent).unwrap();
        let mut shares = Vec::new();
        let allocations_sha256 =
            write_allocations(&allocate(summary.totals.contributors(), pool_cents), &mut shares).unwrap();
        let mut statement = Statement {
            period,
            revenue_cents,
            costs_cents,
            pool_percent,
            pool_cents,
            total_points: summary.totals.points(),
            total_events: summary.totals.events(),
            ledger_hash: summary.ledger_hash,
            allocations_sha256,
        };
        change(&mut statement);
        let manifest = SnapshotManifest {
            contributor_pool_cents: pool_cents,
            costs_cents,
            csv_sha256: summary.csv_sha256,
            ledger_hash: summary.ledger_hash,
            period,
            pool_percent,
            revenue_cents,
            total_events: summary.totals.events(),
            total_points: summary.totals.points(),
        };
        let index = self.entries.len();
        self.add(&Entry::Period(statement));
        let statement: Value = serde_json::from_slice(&self.entries[index]).unwrap();
        let document = json!({"period": period.to_string(), "log_index": index, "statement": statement});
        self.write(
            &format!("periods/{period}/index.json"),
            document.to_string().as_bytes(),
        );
        self.write(&format!("periods/{period}/ledger.csv"), &csv);
        self.write(&format!("periods/{period}/allocations.csv"), &shares);
        self.write(&format!("snapshots/{period}/snapshot.csv"), &csv);
        self.write(
            &format!("snapshots/{period}/manifest.json"),
            manifest.to_json().unwrap().as_bytes(),
        );
    }

    /// Publishes what was added since the last time.
    pub fn publish(&mut self) {
        let before = self.range.size();
        let new = &self.entries[usize::try_from(before).unwrap()..];
        let leaves: Vec<Hash> = new.iter().map(|entry| Hash::leaf(entry)).collect();
        let folder = self.folder.path().join("log");
        let tiles = self
            .range
            .append_to_tiles(leaves, |tile| fs::read(folder.join(tile.path())))
            .unwrap();
        for (tile, bytes) in tiles {
            self.write(&format!("log/{}", tile.path()), &bytes);
        }
        let size = self.range.size();
        for bundle in Tile::all(Layer::Entries, size).skip(usize::try_from(before / 256).unwrap()) {
            let start = usize::try_from(bundle.index * 256).unwrap();
            let mut bytes = Vec::new();
            for entry in &self.entries[start..start + usize::from(bundle.width)] {
                assert!(push_entry(&mut bytes, entry));
            }
            self.write(&format!("log/{}", bundle.path()), &bytes);
        }
        let mut note = Checkpoint::sign(size, self.range.root(), &self.key).unwrap();
        note.cosign(&self.witness, 1_740_000_000);
        self.write("log/checkpoint", note.to_string().as_bytes());
    }
}

/// A copy that can be spoilt.
pub fn copy(from: &Path) -> TempDir {
    let to = TempDir::new().unwrap();
    copy_into(from, to.path());
    to
}

fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_into(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
