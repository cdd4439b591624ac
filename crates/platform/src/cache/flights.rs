use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

/// The loads that are under way in this process, by key.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<String, Slot>>>);

/// Held by the one that loads; the others wait for it and find the result in it.
type Slot = Arc<AsyncMutex<Option<Bytes>>>;

/// One caller's part in a load.
pub(super) struct Flight<'a> {
    flights: &'a Flights,
    key: &'a str,
    slot: Slot,
}

impl Flights {
    pub fn join<'a>(&'a self, key: &'a str) -> Flight<'a> {
        let mut slots = self.0.lock();
        let slot = match slots.get(key) {
            Some(slot) => Arc::clone(slot),
            None => Arc::clone(slots.entry(key.to_owned()).or_default()),
        };
        Flight {
            flights: self,
            key,
            slot,
        }
    }

    /// Lets later callers load anew, and the present load not be stored.
    pub fn forget(&self, key: &str) {
        self.0.lock().remove(key);
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

impl Flight<'_> {
    /// Waits until nobody else loads, and gives the place for the result: empty if it is this caller's turn.
    pub async fn wait_for_turn(&self) -> MutexGuard<'_, Option<Bytes>> {
        self.slot.lock().await
    }

    /// Whether the key has not been forgotten since this load began.
    pub fn is_current(&self) -> bool {
        self.flights
            .0
            .lock()
            .get(self.key)
            .is_some_and(|slot| Arc::ptr_eq(slot, &self.slot))
    }

    /// The result is there: only those who already wait share it, later callers ask the cache.
    pub fn land(&self) {
        let mut slots = self.flights.0.lock();
        if slots
            .get(self.key)
            .is_some_and(|slot| Arc::ptr_eq(slot, &self.slot))
        {
            slots.remove(self.key);
        }
    }
}

impl Drop for Flight<'_> {
    /// The last to leave a load that failed or was given up removes it.
    fn drop(&mut self) {
        let mut slots = self.flights.0.lock();
        let is_last = |slot: &Slot| Arc::ptr_eq(slot, &self.slot) && Arc::strong_count(slot) == 2;
        if slots.get(self.key).is_some_and(is_last) {
            slots.remove(self.key);
        }
    }
}
