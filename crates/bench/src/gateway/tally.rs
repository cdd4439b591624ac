//! What arrives at all sockets of a run.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use futures::{StreamExt as _, stream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time;

use super::marker::{Finder, Marker, micros};
use super::site::Site;
use super::socket::Socket;
use crate::load::{Failures, Measurement};
use crate::process;

/// Counts arrivals. Messages count while a round is measured.
#[derive(Debug)]
pub struct Tally {
    measurement: RefCell<Measurement>,
    /// From when to when arrivals are measured, in [`micros`].
    window: Cell<(u64, u64)>,
    /// Everything that has arrived, measured or not.
    arrived: Cell<u64>,
    finder: Finder,
    /// How long is waited for what is to arrive.
    pub patience: Duration,
    /// Told at each arrival.
    pub changed: Notify,
}

impl Tally {
    pub fn new(patience: Duration) -> Rc<Self> {
        Rc::new(Self {
            measurement: RefCell::new(Measurement::new()),
            window: Cell::new((u64::MAX, u64::MAX)),
            arrived: Cell::new(0),
            finder: Finder::default(),
            patience,
            changed: Notify::new(),
        })
    }

    /// Counts everything from now on until [`Self::watch`] says otherwise.
    pub fn count_from_now_on(&self) {
        self.window.set((0, u64::MAX));
    }

    /// Whether the round that is measured has ended.
    pub fn is_over(&self) -> bool {
        micros() >= self.window.get().1
    }

    /// The marker in a frame and where it is.
    pub fn find(&self, frame: &[u8]) -> Option<(usize, Marker)> {
        self.finder.find(frame)
    }

    /// Counts the arrival of what was sent then.
    pub fn arrive(&self, sent: u64) {
        let now = micros();
        let (start, end) = self.window.get();
        if now >= start && now < end {
            let latency = now.saturating_sub(sent).max(1);
            self.measurement.borrow_mut().latency.saturating_record(latency);
        }
        self.arrived.set(self.arrived.get() + 1);
        self.changed.notify_waiters();
    }

    /// Counts something that went wrong.
    pub fn fail(&self, error: &anyhow::Error) {
        self.measurement
            .borrow_mut()
            .failures
            .add(|| format!("{error:#}"));
        self.changed.notify_waiters();
    }

    /// Whether something went wrong.
    pub fn has_failed(&self) -> bool {
        self.measurement.borrow().failures.count > 0
    }

    /// Everything that has arrived so far.
    pub fn arrived(&self) -> u64 {
        self.arrived.get()
    }

    /// Waits until so much has arrived; it is a failure if that takes too long. Returns at once after any failure.
    pub async fn reach(&self, count: u64) {
        let all = async {
            while self.arrived() < count && !self.has_failed() {
                self.changed.notified().await;
            }
        };
        if time::timeout(self.patience, all).await.is_err() {
            self.fail(&anyhow!("{} arrived of {count} that were to", self.arrived()));
        }
    }

    /// The same at the end of a round, when no more than that may arrive.
    pub async fn settle(&self, count: u64) {
        self.reach(count).await;
        let arrived = self.arrived();
        if arrived > count {
            self.fail(&anyhow!("{arrived} arrived of {count} that were to"));
        }
    }

    /// Lets load that runs beside this count from now on: after the warm-up, for as long as is measured. The time of all
    /// processes is that of the server.
    pub async fn watch(&self, site: Option<&Site>, warmup: Duration, measured: Duration) -> Result<()> {
        let length = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let start = micros() + length(warmup);
        self.window.set((start, start + length(measured)));
        time::sleep(warmup).await;
        let spent = || -> Result<(Duration, Duration)> {
            let server = site.map(Site::cpu_time).transpose()?;
            Ok((server.unwrap_or_default(), process::cpu_time(std::process::id())?))
        };
        let before = spent()?;
        time::sleep(measured).await;
        let after = spent()?;
        let mut measurement = self.measurement.borrow_mut();
        measurement.elapsed = measured;
        measurement.server_cpu = after.0.saturating_sub(before.0);
        measurement.own_cpu = after.1.saturating_sub(before.1);
        Ok(())
    }

    /// What went wrong since the last [`Self::take`].
    pub fn failures(&self) -> Failures {
        std::mem::take(&mut self.measurement.borrow_mut().failures)
    }

    /// What was measured since the last time; an error if that is nothing at all.
    pub fn take(&self) -> Result<Measurement> {
        let measurement = self.measurement.replace(Measurement::new());
        ensure!(
            measurement.requests() > 0 || measurement.failures.count > 0,
            "not one message arrived while they were counted"
        );
        Ok(measurement)
    }
}

/// Listens on a socket for ever and hands its messages on; the end of the socket is a failure.
pub fn listen(
    tasks: &mut JoinSet<()>,
    mut socket: Socket,
    tally: &Rc<Tally>,
    mut take: impl FnMut(Marker, &[u8]) + 'static,
) {
    let tally = Rc::clone(tally);
    tasks.spawn_local(async move {
        loop {
            match socket.next().await {
                Ok(frame) => {
                    if let Some((_, marker)) = tally.find(frame) {
                        take(marker, frame);
                    }
                }
                Err(error) => return tally.fail(&error),
            }
        }
    });
}

/// Opens sockets, a few at a time, and waits for the first frame of each, which says that it hears everything from now on;
/// in the order of their numbers. `opened` is told when each opening began.
pub async fn open_all(
    place: impl Fn(usize) -> (SocketAddr, String),
    numbers: Range<usize>,
    at_a_time: usize,
    opened: impl Fn(u64),
) -> Result<Vec<Socket>> {
    let mut opening = stream::iter(numbers)
        .map(|number| {
            let (address, path) = place(number);
            async move {
                let began = micros();
                let mut socket = Socket::open(address, &path, number).await?;
                socket.next().await?;
                anyhow::Ok((began, socket))
            }
        })
        .buffered(at_a_time);
    let mut sockets = Vec::new();
    while let Some(next) = opening.next().await {
        let (began, socket) = next?;
        opened(began);
        sockets.push(socket);
    }
    Ok(sockets)
}
