//! What the entries of a log must agree on among themselves.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use ledger::allocation::{Totals, allocate, write_allocations};
use ledger::entry::{Entry, Event, Link, Statement};
use ledger::{EventId, Period};

use crate::report::{Checked, Failure, misbehaviour};
use crate::walk;

/// The log so far.
#[derive(Default)]
pub struct History {
    kinds: BTreeMap<&'static str, u64>,
    events: HashSet<EventId>,
    /// Merges that wait for their author.
    pending: HashSet<u64>,
    open: HashMap<Period, Totals>,
    closed: BTreeMap<Period, u64>,
}

impl History {
    /// Takes in the next entry.
    pub fn add(&mut self, index: u64, bytes: &[u8]) -> Checked<()> {
        let entry = walk::parse(index, bytes)?;
        let kind = entry.as_ref().map_or("of kinds that came later", Entry::kind);
        *self.kinds.entry(kind).or_default() += 1;
        match entry {
            Some(Entry::Event(event)) => self.event(index, &event),
            Some(Entry::Pending(_)) => {
                self.pending.insert(index);
                Ok(())
            }
            Some(Entry::Link(link)) => self.link(index, &link),
            Some(Entry::Period(statement)) => self.close(index, &statement),
            _ => Ok(()),
        }
    }

    /// How many entries there are of each kind.
    pub fn kinds(&self) -> &BTreeMap<&'static str, u64> {
        &self.kinds
    }

    /// The closed months and where their statements are.
    pub fn closed(&self) -> &BTreeMap<Period, u64> {
        &self.closed
    }

    fn event(&mut self, index: u64, event: &Event) -> Checked<()> {
        let id = event.event_id;
        if !self.events.insert(id) {
            return misbehaviour(format!("entry {index}: event {id} was logged before"));
        }
        let period = event.occurred_at.period();
        if let Some(closed) = self.closed.get(&period) {
            return misbehaviour(format!(
                "entry {index}: event {id} is dated {period}, which entry {closed} closed"
            ));
        }
        let totals = self.open.entry(period).or_default();
        let added = totals.add(event.contributor, event.points);
        added.map_err(|overflow| Failure::Misbehaviour(format!("entry {index}: {overflow}")))
    }

    fn link(&mut self, index: u64, link: &Link) -> Checked<()> {
        if self.pending.remove(&link.pending_index) {
            return Ok(());
        }
        misbehaviour(format!(
            "entry {index}: entry {} is no pending merge that is still unlinked",
            link.pending_index
        ))
    }

    fn close(&mut self, index: u64, statement: &Statement) -> Checked<()> {
        let period = statement.period;
        if let Some(first) = self.closed.insert(period, index) {
            return misbehaviour(format!(
                "entry {index}: {period} was closed by entry {first} already"
            ));
        }
        let totals = self.open.remove(&period).unwrap_or_default();
        check_statement(statement, &totals).map_err(|failure| match failure {
            Failure::Misbehaviour(what) => Failure::Misbehaviour(format!("entry {index}: {what}")),
            other @ Failure::Unchecked(_) => other,
        })
    }
}

/// Is a month's statement what its events amount to?
pub fn check_statement(statement: &Statement, totals: &Totals) -> Checked<()> {
    let period = statement.period;
    if !statement.pool_is_right() {
        let Statement {
            revenue_cents,
            costs_cents,
            pool_percent,
            pool_cents,
            ..
        } = statement;
        return misbehaviour(format!(
            "{period}: {pool_cents} is not {pool_percent} % of {revenue_cents} less {costs_cents}"
        ));
    }
    if (statement.total_events, statement.total_points) != (totals.events(), totals.points()) {
        return misbehaviour(format!(
            "{period}: {} events with {} points are stated, there are {} with {}",
            statement.total_events,
            statement.total_points,
            totals.events(),
            totals.points()
        ));
    }
    let shares = allocate(totals.contributors(), statement.pool_cents);
    // Nothing is written, so nothing can fail.
    let hash =
        write_allocations(&shares, io::sink()).map_err(|error| Failure::Unchecked(error.to_string()))?;
    if hash == statement.allocations_sha256 {
        return Ok(());
    }
    misbehaviour(format!(
        "{period}: the stated allocations ({}) are not those that the events give ({hash})",
        statement.allocations_sha256
    ))
}
