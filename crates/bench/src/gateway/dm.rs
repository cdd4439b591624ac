//! Pairs of people who write to each other: from the request that sends a message to its arrival at the other's socket.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time;

use super::crowd::{self, Member};
use super::fanout::thread_id;
use super::marker::{Marker, micros};
use super::site::Site;
use super::tally::{Tally, listen, open_all};
use crate::database::Database;
use crate::http::{self, Connection};
use crate::load::Measurement;
use crate::options::Options;
use crate::report::{Findings, HalfRate, Latency, Round, Sockets, float, median};

/// Two people, their thread, and what has arrived of it.
struct Pair {
    people: [Member; 2],
    thread: String,
    /// Messages that were sent, in all rounds.
    sent: Cell<u64>,
    /// Messages that arrived at the one who did not send them.
    arrived: Cell<u64>,
    changed: Notify,
}

impl Pair {
    /// The next message, and who sends it: they take turns.
    fn next(&self, site: &Site, pair: u64, sent: u64) -> Vec<u8> {
        let number = self.sent.get();
        self.sent.set(number + 1);
        let marker = Marker {
            thread: pair,
            number,
            sent,
        };
        let body = json!({ "body": marker.text(), "client_uuid": format!("{pair}-{number}") });
        let sender = &self.people[usize::from(number % 2 == 1)];
        let path = format!("/api/v1/threads/{}/messages/", self.thread);
        http::post(site.api, &path, Some(&sender.token), &body)
    }

    async fn has_arrived(&self, patience: Duration) -> Result<()> {
        let all = async {
            while self.arrived.get() < self.sent.get() {
                self.changed.notified().await;
            }
        };
        time::timeout(patience, all)
            .await
            .map_err(|_| anyhow!("a message did not arrive within {} s", patience.as_secs()))
    }
}

/// Measures what pairs can say that wait for each other, and then half of that, said on time.
pub async fn measure(site: &Site, database: &Database, options: &Options) -> Result<Findings> {
    let pairs = meet(site, database, options).await?;
    let tally = Tally::new(options.patience());
    let mut tasks = JoinSet::new();
    let place = |number: usize| {
        let path = format!("/ws?token={}", pairs[number / 2].people[number % 2].token);
        (site.gateway(number), path)
    };
    let numbers = 0..pairs.len() * 2;
    let sockets = open_all(place, numbers, usize::from(options.connections), |_| {}).await?;
    for (number, socket) in sockets.into_iter().enumerate() {
        let (taken, pairs) = (Rc::clone(&tally), Rc::clone(&pairs));
        listen(&mut tasks, socket, &tally, move |marker, _| {
            let own = marker.thread == number as u64 / 2;
            // One hears what one says oneself, too.
            if own && (marker.number + number as u64) % 2 == 1 {
                let pair = &pairs[number / 2];
                pair.arrived.set(pair.arrived.get() + 1);
                pair.changed.notify_waiters();
                taken.arrive(marker.sent);
            }
        });
    }
    let (mut total, mut rounds) = (Measurement::new(), Vec::new());
    for _ in 0..options.rounds {
        let measured = round(site, &pairs, &tally, options, None).await?;
        let requests_per_second = float(measured.requests()) / measured.elapsed.as_secs_f64();
        rounds.push(Round {
            quiet_requests_per_second: None,
            requests_per_second,
            floor_tps: None,
        });
        total.merge(measured)?;
    }
    let rate = median(rounds.iter().map(|round| round.requests_per_second)).unwrap_or_default() / 2.0;
    let mut half_rate = None;
    if total.failures.count == 0 {
        let measured = round(site, &pairs, &tally, options, Some(rate)).await?;
        half_rate = Some(HalfRate {
            asked_per_second: rate,
            arrived_per_second: float(measured.requests()) / measured.elapsed.as_secs_f64(),
            latency_micros: Latency::of(&measured),
        });
        total.failures.merge(measured.failures);
    }
    Ok(Findings {
        rounds,
        sockets: Some(Sockets {
            connections: u64::try_from(pairs.len() * 2)?,
            counted: "messages, from the sending to the other's socket",
            memory_per_connection_bytes: None,
            messages_per_second: None,
            half_rate,
        }),
        ..Findings::of(total)
    })
}

/// Makes the people and a thread for every two of them.
async fn meet(site: &Site, database: &Database, options: &Options) -> Result<Rc<Vec<Rc<Pair>>>> {
    let crowd = crowd::gather(site, database, options.pairs * 2).await?;
    let requests = crowd.chunks_exact(2).map(|people| {
        let body = json!({ "user_id": people[1].id });
        http::post(site.api, "/api/v1/threads/direct/", Some(&people[0].token), &body)
    });
    let answers = http::send_all(site.api, requests.collect(), usize::from(options.connections))
        .await
        .context("making threads")?;
    let pairs = crowd.chunks_exact(2).zip(answers).map(|(people, answer)| {
        anyhow::Ok(Rc::new(Pair {
            people: [people[0].clone(), people[1].clone()],
            thread: thread_id(&answer)?,
            sent: Cell::new(0),
            arrived: Cell::new(0),
            changed: Notify::new(),
        }))
    });
    Ok(Rc::new(pairs.collect::<Result<_>>()?))
}

/// Lets all pairs talk for a round: as fast as they can, or `rate` messages a second in all.
async fn round(
    site: &Site,
    pairs: &[Rc<Pair>],
    tally: &Rc<Tally>,
    options: &Options,
    rate: Option<f64>,
) -> Result<Measurement> {
    let base = tally.arrived() - pairs.iter().map(|pair| pair.arrived.get()).sum::<u64>();
    let talk = async {
        let talks = pairs.iter().enumerate().map(|(index, pair)| async move {
            let index = index as u64;
            let talked = match rate {
                None => talk_in_turns(site, pair, index, tally).await,
                Some(rate) => talk_on_time(site, pair, (index, pairs.len()), rate, tally).await,
            };
            if let Err(error) = talked {
                tally.fail(&error);
            }
        });
        futures::future::join_all(talks).await;
        anyhow::Ok(())
    };
    let watch = tally.watch(Some(site), options.warmup(), options.measured());
    tokio::try_join!(watch, talk)?;
    let sent: u64 = pairs.iter().map(|pair| pair.sent.get()).sum();
    tally.settle(base + sent).await;
    tally.take()
}

/// Sends the next message when the last has arrived.
async fn talk_in_turns(site: &Site, pair: &Pair, index: u64, tally: &Tally) -> Result<()> {
    let mut connection = Connection::open(site.api).await?;
    while !tally.is_over() && !tally.has_failed() {
        send(&mut connection, &pair.next(site, index, micros())).await?;
        pair.has_arrived(tally.patience).await?;
    }
    Ok(())
}

/// Sends messages when they are due; one that has to wait for the answer to the last is timed from when it was due.
async fn talk_on_time(
    site: &Site,
    pair: &Pair,
    (index, pairs): (u64, usize),
    rate: f64,
    tally: &Tally,
) -> Result<()> {
    let mut connection = Connection::open(site.api).await?;
    let pairs = u32::try_from(pairs)?;
    let period = Duration::from_secs_f64(f64::from(pairs) / rate.max(f64::MIN_POSITIVE));
    // They begin one after the other, so that all messages together come evenly.
    let mut due = Duration::from_micros(micros()) + period * u32::try_from(index)? / pairs;
    while !tally.has_failed() {
        time::sleep(due.saturating_sub(Duration::from_micros(micros()))).await;
        if tally.is_over() {
            break;
        }
        let sent = u64::try_from(due.as_micros())?;
        send(&mut connection, &pair.next(site, index, sent)).await?;
        due += period;
    }
    Ok(())
}

async fn send(connection: &mut Connection, request: &[u8]) -> Result<()> {
    let response = connection.send(request).await?;
    ensure!(
        response.is_success(),
        "status {} to a message: {}",
        response.status,
        String::from_utf8_lossy(response.body)
    );
    Ok(())
}
