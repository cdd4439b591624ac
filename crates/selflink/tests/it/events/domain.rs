//! A domain that notes what reaches it, by the run that it belongs to: tests share the process.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use futures::FutureExt as _;
use platform::{
    App, Domain,
    clock::random_hex,
    jobs::{Job, JobKind},
    outbox::{DomainEvent, Event, Subscription},
    process::Instance,
    schedule::Schedule,
};
use serde::{Deserialize, Serialize};

/// Something that happened in a test.
#[derive(Debug, Serialize, Deserialize)]
pub struct Noted {
    pub run: String,
    pub number: i64,
    /// How the first attempts to deliver it go.
    pub mishaps: Vec<Mishap>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum Mishap {
    Error,
    Panic,
}

impl DomainEvent for Noted {
    const NAME: &'static str = "test.noted";
}

/// What reached the subscriber of a run, or the job: which event by which instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub event: i64,
    pub number: i64,
    pub node: u64,
}

#[derive(Default)]
struct Notes {
    attempts: HashMap<i64, usize>,
    deliveries: HashMap<String, Vec<Delivery>>,
}

static NOTES: LazyLock<Mutex<Notes>> = LazyLock::new(Mutex::default);

/// A name for a run, so that it finds its own notes.
pub fn new_run() -> String {
    random_hex::<8>()
}

/// What has reached a run so far.
pub fn deliveries(run: &str) -> Vec<Delivery> {
    NOTES
        .lock()
        .expect("is not poisoned")
        .deliveries
        .get(run)
        .cloned()
        .unwrap_or_default()
}

/// How often the delivery of events was tried, whatever came of it.
pub fn attempts(event: i64) -> usize {
    NOTES
        .lock()
        .expect("is not poisoned")
        .attempts
        .get(&event)
        .copied()
        .unwrap_or_default()
}

fn note(run: &str, delivery: Delivery) {
    NOTES
        .lock()
        .expect("is not poisoned")
        .deliveries
        .entry(run.to_owned())
        .or_default()
        .push(delivery);
}

async fn receive(app: App, event: Event) -> anyhow::Result<()> {
    let content: Noted = event.read()?;
    let attempt = {
        let mut notes = NOTES.lock().expect("is not poisoned");
        let attempts = notes.attempts.entry(event.id).or_default();
        *attempts += 1;
        *attempts
    };
    match content.mishaps.get(attempt - 1) {
        Some(Mishap::Error) => anyhow::bail!("attempt {attempt} was to fail"),
        Some(Mishap::Panic) => panic!("attempt {attempt} was to panic"),
        None => {}
    }
    // Long enough for another instance to take its share.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    note(
        &content.run,
        Delivery {
            event: event.id,
            number: content.number,
            node: app.db().ids().node(),
        },
    );
    Ok(())
}

/// Periodic work.
#[derive(Debug, Serialize, Deserialize)]
pub struct NoteJob {
    pub run: String,
}

impl Job for NoteJob {
    const NAME: &'static str = "test.note";

    async fn run(self, app: App) -> anyhow::Result<()> {
        note(
            &self.run,
            Delivery {
                event: 0,
                number: 0,
                node: app.db().ids().node(),
            },
        );
        Ok(())
    }
}

/// The program with the domain of tests.
pub fn instance() -> Instance {
    instance_with(Vec::new())
}

/// The same, noting for `run` every noon.
pub fn instance_noting(run: &str) -> Instance {
    let job = NoteJob { run: run.to_owned() };
    instance_with(vec![Schedule::of("test.note", "0 0 12 * * *", &job)])
}

fn instance_with(schedules: Vec<Schedule>) -> Instance {
    let mut domains = selflink::domains();
    domains.push(Domain {
        name: "test",
        settings: Vec::new(),
        routes: Vec::new,
        migrations: Vec::new,
        jobs: vec![JobKind::of::<NoteJob>()],
        schedules,
        subscriptions: vec![Subscription {
            event: Noted::NAME,
            subscriber: "test",
            handle: |app, event| receive(app, event).boxed(),
        }],
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    });
    Instance {
        domains,
        find_standing: identity::find_standing,
    }
}
