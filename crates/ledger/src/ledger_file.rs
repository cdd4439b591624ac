//! The events of a month: the ledger file and the ledger hash. Part 5 of the contract.
//!
//! **File**: CSV ([`crate::CsvError`] names what it may look like) with the header
//! `id,contributor_id,event_type,points,occurred_at,reference,metadata` and a row per event of the month, in the order of
//! (`occurred_at`, id). Times are written with `+00:00`, metadata as JSON of [`crate::canonical::Style::Month`].
//!
//! **Ledger hash**: SHA-256 over the events in that order, each as JSON of the same style with the members `contributor_id`,
//! `event_type`, `id`, `metadata`, `occurred_at`, `points`, `reference`, with nothing between them. It can be computed from the
//! file alone. A month without events has the SHA-256 of nothing.
//!
//! Both are made and checked event by event; what is kept in memory grows with the contributors.

use std::fmt::Write as _;
use std::io::{self, BufRead, Write};

use serde_json::{Map, Value};

use crate::allocation::{Overflow, Totals};
use crate::canonical::{self, Style, write_text};
use crate::csv::{CsvError, Reader, write_field};
use crate::{ContributorId, EventId, EventType, Hash, Period, Sha256, Timestamp, Zone};

const HEADER: &str = "id,contributor_id,event_type,points,occurred_at,reference,metadata\r\n";

/// Why an event is not one of the month, or not at this place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Of another month.
    #[error("event {id} is of {period}")]
    Period {
        /// Which event.
        id: EventId,
        /// Its month.
        period: Period,
    },
    /// Before the one before it, or the same.
    #[error("event {0} is not in the order of time and id")]
    Order(EventId),
    /// The points do not fit into 64 bits.
    #[error("event {0}: {1}")]
    Overflow(EventId, Overflow),
}

/// Why a ledger file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The writer failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The event does not belong there.
    #[error("{0}")]
    Event(#[from] LedgerError),
}

/// One event of a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: EventId,
    /// Whose.
    pub contributor: ContributorId,
    /// What for.
    pub event_type: EventType,
    /// How many points; negative when they are taken back.
    pub points: i64,
    /// When it counts.
    pub occurred_at: Timestamp,
    /// What it refers to.
    pub reference: String,
    metadata: String,
}

impl Row {
    /// Sets what it refers to.
    #[must_use]
    pub fn with_reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = reference.into();
        self
    }

    /// Sets what else is known about it.
    #[must_use]
    pub fn with_metadata(mut self, metadata: &Map<String, Value>) -> Self {
        self.metadata = canonical::metadata(metadata);
        self
    }

    /// An event about which nothing else is known.
    pub fn new(
        id: EventId,
        contributor: ContributorId,
        event_type: EventType,
        points: i64,
        occurred_at: Timestamp,
    ) -> Self {
        Self {
            id,
            contributor,
            event_type,
            points,
            occurred_at,
            reference: String::new(),
            metadata: "{}".to_owned(),
        }
    }

    /// What else is known about it, as JSON in its one form.
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    fn write_csv(&self, line: &mut String) {
        let at = self.occurred_at.format(Zone::Offset);
        // Writing to a String cannot fail.
        let _ = write!(
            line,
            "{},{},{},{},{at},",
            self.id, self.contributor, self.event_type, self.points
        );
        write_field(line, &self.reference);
        line.push(',');
        write_field(line, &self.metadata);
        line.push_str("\r\n");
    }

    fn write_json(&self, json: &mut String) {
        let at = self.occurred_at.format(Zone::Offset);
        let _ = write!(
            json,
            "{{\"contributor_id\": {}, \"event_type\": \"{}\", \"id\": {}, \"metadata\": {}, \"occurred_at\": \"{at}\", \
             \"points\": {}, \"reference\": ",
            self.contributor, self.event_type, self.id, self.metadata, self.points
        );
        write_text(json, &self.reference, Style::Month);
        json.push('}');
    }
}

/// Adds up a month event by event and hashes it on the way.
#[derive(Clone)]
pub struct Tally {
    period: Period,
    last: Option<(Timestamp, EventId)>,
    hasher: Sha256,
    totals: Totals,
    json: String,
}

impl Tally {
    /// A month without events so far.
    pub fn new(period: Period) -> Self {
        Self {
            period,
            last: None,
            hasher: Sha256::default(),
            totals: Totals::default(),
            json: String::new(),
        }
    }

    /// Adds the next event, which must be of the month and after the one before.
    pub fn add(&mut self, row: &Row) -> Result<(), LedgerError> {
        let (id, period) = (row.id, row.occurred_at.period());
        if period != self.period {
            return Err(LedgerError::Period { id, period });
        }
        let place = Some((row.occurred_at, id));
        if place <= self.last {
            return Err(LedgerError::Order(id));
        }
        self.totals
            .add(row.contributor, row.points)
            .map_err(|overflow| LedgerError::Overflow(id, overflow))?;
        self.last = place;
        self.json.clear();
        row.write_json(&mut self.json);
        self.hasher.update(self.json.as_bytes());
        Ok(())
    }

    /// The sums, and the ledger hash.
    pub fn finish(self) -> (Totals, Hash) {
        (self.totals, self.hasher.finish())
    }
}

/// What a ledger file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What its events add up to.
    pub totals: Totals,
    /// The hash over its events.
    pub ledger_hash: Hash,
    /// SHA-256 of the file.
    pub csv_sha256: Hash,
}

/// Writes a ledger file.
pub struct LedgerWriter<W> {
    out: W,
    file: Sha256,
    tally: Tally,
    line: String,
}

impl<W: Write> LedgerWriter<W> {
    /// Writes the header. Give it a buffered writer: it writes every row on its own.
    pub fn new(out: W, period: Period) -> io::Result<Self> {
        let mut writer = Self {
            out,
            file: Sha256::default(),
            tally: Tally::new(period),
            line: HEADER.to_owned(),
        };
        writer.write_line()?;
        Ok(writer)
    }

    /// Writes the next event, which must be of the month and after the one before.
    pub fn write(&mut self, row: &Row) -> Result<(), WriteError> {
        self.tally.add(row)?;
        self.line.clear();
        row.write_csv(&mut self.line);
        Ok(self.write_line()?)
    }

    /// Flushes the file and says what it holds.
    pub fn finish(mut self) -> io::Result<Summary> {
        self.out.flush()?;
        let (totals, ledger_hash) = self.tally.finish();
        Ok(Summary {
            totals,
            ledger_hash,
            csv_sha256: self.file.finish(),
        })
    }

    fn write_line(&mut self) -> io::Result<()> {
        self.file.update(self.line.as_bytes());
        self.out.write_all(self.line.as_bytes())
    }
}

/// Reads a ledger file row by row. It refuses rows in any but their one form, but does not look at their order and month:
/// that is for a [`Tally`].
pub struct LedgerReader<R>(Reader<R, 7>);

impl<R: BufRead> LedgerReader<R> {
    /// Reads the header.
    pub fn new(input: R) -> Result<Self, CsvError> {
        Reader::new(input, HEADER).map(Self)
    }

    /// The next event, or none at the end.
    pub fn next_row(&mut self) -> Result<Option<Row>, CsvError> {
        let Some(
            [
                id,
                contributor,
                event_type,
                points,
                occurred_at,
                reference,
                metadata,
            ],
        ) = self.0.next_record()?
        else {
            return Ok(None);
        };
        let wrong = |error: crate::ParseError| self.0.error(error.to_string());
        if !is_canonical_object(&metadata) {
            return Err(self
                .0
                .error("its metadata are not an object in the one form that JSON has here"));
        }
        Ok(Some(Row {
            id: id.parse().map_err(wrong)?,
            contributor: contributor.parse().map_err(wrong)?,
            event_type: event_type.parse().map_err(wrong)?,
            points: crate::ids::integer(&points).map_err(wrong)?,
            occurred_at: Timestamp::parse(&occurred_at, Zone::Offset).map_err(wrong)?,
            reference,
            metadata,
        }))
    }
}

fn is_canonical_object(json: &str) -> bool {
    json == "{}"
        || serde_json::from_str::<Map<String, Value>>(json).is_ok_and(|map| canonical::metadata(&map) == json)
}

#[cfg(test)]
mod tests;
