//! What is said in a large group, from one request to everybody's socket.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::crowd::{self, Member};
use super::marker::{Marker, micros};
use super::site::Site;
use super::tally::{Tally, listen, open_all};
use crate::database::Database;
use crate::floor::broadcast;
use crate::http::{self, Connection};
use crate::load::Measurement;
use crate::options::Options;
use crate::report::{Findings, Round, Sockets, float, median};

/// Messages on their way at the same time, so that the server need not wait for the load generator.
const UNDER_WAY: u64 = 4;

/// Whoever sends what everybody gets.
pub trait Publish {
    /// Sends one message.
    async fn publish(&mut self, marker: Marker) -> Result<()>;
}

/// Lets everybody hear message after message for a round. `audience` is how many get each.
pub async fn drive(
    publisher: &mut impl Publish,
    audience: u64,
    tally: &Tally,
    site: Option<&Site>,
    options: &Options,
) -> Result<Measurement> {
    let base = tally.arrived();
    let mut sent = 0;
    let talk = async {
        while !tally.is_over() && !tally.has_failed() {
            let marker = Marker {
                thread: 1,
                number: sent,
                sent: micros(),
            };
            publisher.publish(marker).await?;
            sent += 1;
            let heard_by_all = sent.saturating_sub(UNDER_WAY - 1);
            tally.reach(base + heard_by_all * audience).await;
        }
        anyhow::Ok(())
    };
    let watch = tally.watch(site, options.warmup(), options.measured());
    tokio::try_join!(watch, talk)?;
    tally.settle(base + sent * audience).await;
    tally.take()
}

/// The member of the group who speaks, over HTTP.
struct Speaker<'a> {
    site: &'a Site,
    thread: String,
    token: &'a str,
    connection: Connection,
}

impl Publish for Speaker<'_> {
    async fn publish(&mut self, marker: Marker) -> Result<()> {
        let path = format!("/api/v1/threads/{}/messages/", self.thread);
        let body =
            json!({ "body": marker.text(), "client_uuid": format!("{}-{}", marker.number, marker.sent) });
        let request = http::post(self.site.api, &path, Some(self.token), &body);
        let response = self.connection.send(&request).await?;
        ensure!(
            response.is_success(),
            "status {} to a message: {}",
            response.status,
            String::from_utf8_lossy(response.body)
        );
        Ok(())
    }
}

/// Measures the group, and in the same rounds the floor with the frame that the members got.
pub async fn measure(site: &Site, database: &Database, options: &Options) -> Result<Findings> {
    let crowd = crowd::gather(site, database, options.subscribers).await?;
    let tally = Tally::new(options.patience());
    let mut tasks = JoinSet::new();
    let frame = Rc::new(RefCell::new(Vec::new()));
    let place = |number: usize| {
        let path = format!("/ws?token={}", crowd[number].token);
        (site.gateway(number), path)
    };
    for (number, socket) in open_all(place, 0..crowd.len(), usize::from(options.connections), |_| {})
        .await?
        .into_iter()
        .enumerate()
    {
        let (taken, frame) = (Rc::clone(&tally), Rc::clone(&frame));
        listen(&mut tasks, socket, &tally, move |marker, text| {
            taken.arrive(marker.sent);
            if number == 0 {
                text.clone_into(&mut frame.borrow_mut());
            }
        });
    }
    let mut speaker = Speaker {
        site,
        thread: found(site, &crowd).await?,
        token: &crowd[0].token,
        connection: Connection::open(site.api).await?,
    };
    let audience = u64::try_from(crowd.len())?;
    let mut rounds = Vec::new();
    let (mut total, mut messages) = (Measurement::new(), Vec::new());
    let mut floor_error = None;
    for _ in 0..options.rounds {
        let measured = drive(&mut speaker, audience, &tally, Some(site), options).await?;
        let requests_per_second = float(measured.requests()) / measured.elapsed.as_secs_f64();
        messages.push(requests_per_second / float(audience));
        total.merge(measured)?;
        let mut floor_tps = None;
        if !options.no_floor && floor_error.is_none() {
            let frame = frame.borrow().clone();
            match broadcast::measure(frame, audience, options).await {
                Ok(tps) => floor_tps = Some(tps),
                Err(error) => floor_error = Some(format!("{error:#}")),
            }
        }
        rounds.push(Round {
            quiet_requests_per_second: None,
            requests_per_second,
            floor_tps,
        });
    }
    Ok(Findings {
        rounds,
        floor: (!options.no_floor).then_some("the same frame from a bare loop over as many sockets"),
        floor_error,
        sockets: Some(Sockets {
            connections: audience,
            counted: "deliveries, from the sending of the message on",
            memory_per_connection_bytes: None,
            messages_per_second: median(messages.into_iter()),
            half_rate: None,
        }),
        ..Findings::of(total)
    })
}

/// Makes the group; its id.
async fn found(site: &Site, crowd: &[Member]) -> Result<String> {
    let (founder, others) = crowd.split_first().context("nobody is there")?;
    let others: Vec<u32> = others.iter().map(|member| member.id).collect();
    let body = json!({ "participant_ids": others, "is_group": true, "title": "Everybody" });
    let request = http::post(site.api, "/api/v1/threads/", Some(&founder.token), &body);
    let mut answers = http::send_all(site.api, vec![request], 1)
        .await
        .context("making the group")?;
    thread_id(&answers.pop().unwrap_or_default())
}

/// The id of a thread in the answer that tells of it.
pub fn thread_id(answer: &[u8]) -> Result<String> {
    let thread: Value = serde_json::from_slice(answer)?;
    match &thread["id"] {
        Value::Number(id) => Ok(id.to_string()),
        Value::String(id) => Ok(id.clone()),
        _ => bail!("a thread without an id: {thread}"),
    }
}
