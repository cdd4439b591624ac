//! What the log says, one entry at a time.
//!
//! An entry is one JSON object in one form only ([`crate::canonical::Style::Log`]): keys sorted, no blanks, UTF-8, integers
//! only, ids as text, below 64 KiB, with `"v":1` and its `kind`. Two entries that mean the same are the same bytes, so an entry
//! in another form is not one.
//!
//! No entry holds a handle, a login, a name, an address or free text: what must stay erasable is never in here.
//!
//! | kind | members |
//! | --- | --- |
//! | `event` | [`Event`]: points for a contributor |
//! | `pending` | [`Pending`]: a merge whose author is not linked to an account yet |
//! | `link` | [`Link`]: a pending merge found its contributor |
//! | `correction` | [`Correction`]: an event that puts another one right |
//! | `period` | [`Statement`]: a month was closed |
//! | `ruleset` | [`RulesetEntry`]: rules that hold from now on |
//! | `payout` | [`Payout`]: a payout changed its state |
//! | `dispute` | [`Dispute`]: a dispute changed its state |

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::allocation::pool_cents;
use crate::canonical::{self, Style};
use crate::ruleset::Ruleset;
use crate::{ContributorId, EventId, EventType, Hash, Period, Timestamp};

/// The version of the format that is written and read.
pub const VERSION: u64 = 1;
/// Entries are shorter than this, in bytes: their length is written as u16.
pub const MAX_ENTRY: usize = 1 << 16;

/// Why bytes are not an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not JSON, or members are missing or of the wrong type.
    #[error("not an entry: {0}")]
    Format(String),
    /// The right content in the wrong form.
    #[error("not in the one form that entries have")]
    NotCanonical,
    /// An entry of a later version of the format.
    #[error("version {0} of the format is not known here")]
    Version(String),
    /// An entry of this version, of a kind that came later.
    #[error("kind {0:?} is not known here")]
    Kind(String),
    /// Too long.
    #[error("{0} bytes are too many for an entry")]
    Length(usize),
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// Points for a contributor.
    Event(Event),
    /// A merge whose author is not linked to an account yet.
    Pending(Pending),
    /// A pending merge found its contributor.
    Link(Link),
    /// An event puts another one right.
    Correction(Correction),
    /// A month was closed.
    Period(Statement),
    /// Rules that hold from now on.
    Ruleset(RulesetEntry),
    /// A payout changed its state.
    Payout(Payout),
    /// A dispute changed its state.
    Dispute(Dispute),
}

/// Points for a contributor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Which event.
    pub event_id: EventId,
    /// Whose.
    pub contributor: ContributorId,
    /// What for.
    pub event_type: EventType,
    /// How many; negative when they are taken back.
    pub points: i64,
    /// When it counts: its month is the one that pays it.
    pub occurred_at: Timestamp,
    /// What it refers to: `PR-<number>` for merges.
    pub reference: String,
    /// The version of the rules that gave the points.
    pub ruleset: String,
    /// SHA-256 of the delivery that it was made from, as it came in.
    pub payload_sha256: Option<Hash>,
}

/// A merge whose author is not linked to an account yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// `PR-<number>`.
    pub reference: String,
    /// SHA-256 of the delivery.
    pub payload_sha256: Hash,
}

/// A pending merge found its contributor. The event itself is an entry of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where in the log the pending merge is.
    pub pending_index: u64,
    /// The event that it became.
    pub event_id: EventId,
}

/// An event that puts another one right. The event itself is an entry of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The event that was wrong.
    pub corrects: EventId,
    /// The event that makes up for it.
    pub event_id: EventId,
}

/// A closed month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Which month.
    pub period: Period,
    /// What came in.
    pub revenue_cents: i64,
    /// What it cost.
    pub costs_cents: i64,
    /// The contributors' share of the rest, in percent.
    pub pool_percent: u8,
    /// The contributors' share of the rest, in cents.
    pub pool_cents: i64,
    /// The sum of the points of all events, negative ones included.
    pub total_points: i64,
    /// The number of events.
    pub total_events: u64,
    /// The hash over the events: [`crate::ledger_file`].
    pub ledger_hash: Hash,
    /// SHA-256 of the file that says who gets what: [`crate::allocation`].
    pub allocations_sha256: Hash,
}

impl Statement {
    /// Is the pool what revenue, costs and percentage make it?
    pub fn pool_is_right(&self) -> bool {
        pool_cents(self.revenue_cents, self.costs_cents, self.pool_percent) == Some(self.pool_cents)
    }
}

/// Rules that hold from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesetEntry {
    /// The rules, whole.
    pub ruleset: Ruleset,
}

/// What became of a contributor's money for a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// The month.
    pub period: Period,
    /// Whose.
    pub contributor: ContributorId,
    /// How much.
    pub amount_cents: i64,
    /// The state that it is in now.
    pub status: PayoutStatus,
}

/// The states of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutStatus {
    /// To be paid.
    Pending,
    /// Being paid.
    Processing,
    /// Paid.
    Paid,
    /// Not to be paid.
    Canceled,
}

/// A dispute over a month. What was said in it is not in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Its number, as text.
    pub dispute_id: EventId,
    /// The month.
    pub period: Period,
    /// The event in question, if there is one.
    pub event_id: Option<EventId>,
    /// The state that it is in now.
    pub status: DisputeStatus,
}

/// The states of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// Raised.
    Open,
    /// Found to be right; what follows from it are events.
    Accepted,
    /// Found to be wrong.
    Rejected,
}

impl Entry {
    /// Its kind, as it is written.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Event(_) => "event",
            Self::Pending(_) => "pending",
            Self::Link(_) => "link",
            Self::Correction(_) => "correction",
            Self::Period(_) => "period",
            Self::Ruleset(_) => "ruleset",
            Self::Payout(_) => "payout",
            Self::Dispute(_) => "dispute",
        }
    }

    /// Its one form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        let json = match self {
            Self::Event(event) => event.to_json(),
            other => other.to_json()?,
        };
        if json.len() < MAX_ENTRY {
            Ok(json.into_bytes())
        } else {
            Err(EntryError::Length(json.len()))
        }
    }

    /// The hash of the leaf that it is in the log's tree.
    pub fn leaf_hash(&self) -> Result<Hash, EntryError> {
        Ok(Hash::leaf(&self.to_bytes()?))
    }

    fn to_json(&self) -> Result<String, EntryError> {
        let mut value = serde_json::to_value(self).map_err(|error| EntryError::Format(error.to_string()))?;
        if let Value::Object(members) = &mut value {
            members.insert("v".to_owned(), VERSION.into());
        }
        Ok(canonical::to_string(&value, Style::Log))
    }

    /// Reads an entry in its one form.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() >= MAX_ENTRY {
            return Err(EntryError::Length(bytes.len()));
        }
        let entry: Self = match serde_json::from_slice(bytes) {
            Ok(entry) => entry,
            Err(error) => return Err(unread(bytes, &error)),
        };
        // Whatever is missing, too much or in another form does not come back the same.
        if entry.to_bytes()? == bytes {
            Ok(entry)
        } else {
            Err(unread_version(bytes).unwrap_or(EntryError::NotCanonical))
        }
    }
}

impl Event {
    /// By hand, as a log holds little else and all of them are written again to be checked.
    fn to_json(&self) -> String {
        let mut json = String::with_capacity(320);
        let contributor = self.contributor.to_string();
        text_member(&mut json, "{\"contributor\":", &contributor);
        text_member(&mut json, ",\"event_id\":", &self.event_id.to_string());
        text_member(&mut json, ",\"event_type\":", self.event_type.as_str());
        text_member(&mut json, ",\"kind\":", "event");
        text_member(
            &mut json,
            ",\"occurred_at\":",
            &self.occurred_at.format(crate::Zone::Zulu),
        );
        match &self.payload_sha256 {
            Some(hash) => text_member(&mut json, ",\"payload_sha256\":", &hash.to_string()),
            None => json.push_str(",\"payload_sha256\":null"),
        }
        json.push_str(",\"points\":");
        json.push_str(&self.points.to_string());
        text_member(&mut json, ",\"reference\":", &self.reference);
        text_member(&mut json, ",\"ruleset\":", &self.ruleset);
        json.push_str(",\"v\":1}");
        json
    }
}

fn text_member(json: &mut String, name: &str, text: &str) {
    json.push_str(name);
    canonical::write_text(json, text, Style::Log);
}

/// Says why nothing could be made of an entry: it may be one that a later version wrote.
fn unread(bytes: &[u8], error: &serde_json::Error) -> EntryError {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return EntryError::Format(error.to_string());
    };
    if canonical::to_string(&value, Style::Log).as_bytes() != bytes {
        return EntryError::NotCanonical;
    }
    match (unread_version(bytes), value.get("kind").and_then(Value::as_str)) {
        (Some(version), _) => version,
        (None, Some(kind)) if !KINDS.contains(&kind) => EntryError::Kind(kind.chars().take(80).collect()),
        _ => EntryError::Format(error.to_string()),
    }
}

const KINDS: [&str; 8] = [
    "event",
    "pending",
    "link",
    "correction",
    "period",
    "ruleset",
    "payout",
    "dispute",
];

fn unread_version(bytes: &[u8]) -> Option<EntryError> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let version = value.get("v")?;
    (version.is_u64() && version.as_u64() != Some(VERSION)).then(|| EntryError::Version(version.to_string()))
}

#[cfg(test)]
mod tests;
