//! Connections on which nothing happens.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time;

use super::crowd;
use super::site::Site;
use super::tally::{Tally, listen, open_all};
use crate::database::Database;
use crate::options::Options;
use crate::report::{Findings, Round, Sockets, float, per};

/// The share of the connections that is opened before memory is looked at: what the first ones cost is the start of the
/// gateway, not theirs.
const FIRST: usize = 50;
/// How long memory is left to settle.
const SETTLE: Duration = Duration::from_secs(2);

/// Opens the connections, sees what they cost, and holds them for as long as is measured, without losing one.
pub async fn measure(site: &Site, database: &Database, options: &Options) -> Result<Findings> {
    let most = u32::try_from(site.most_sockets()).unwrap_or(u32::MAX);
    let count = options.sockets.min(most);
    if count < options.sockets {
        eprintln!(
            "bench: ws-idle opens {count} sockets and not {}: the limit of open files allows no more",
            options.sockets
        );
    }
    let crowd = crowd::gather(site, database, count).await?;
    let place = |number: usize| {
        let path = format!("/ws?token={}", crowd[number].token);
        (site.gateway(number), path)
    };
    let (tally, at_a_time) = (Tally::new(options.patience()), usize::from(options.connections));
    let mut tasks = JoinSet::new();
    let all = crowd.len();
    let first = (all / FIRST).max(1);
    for socket in open_all(place, 0..first, at_a_time, |_| {}).await? {
        listen(&mut tasks, socket, &tally, |_, _| {});
    }
    time::sleep(SETTLE).await;
    let before = (site.gateway_memory()?, site.cpu_time()?);
    let began = Instant::now();
    tally.count_from_now_on();
    let opened = |sent| tally.arrive(sent);
    for socket in open_all(place, first..all, at_a_time, opened).await? {
        listen(&mut tasks, socket, &tally, |_, _| {});
    }
    let elapsed = began.elapsed();
    let mut total = tally.take()?;
    total.elapsed = elapsed;
    total.server_cpu = site.cpu_time()?.saturating_sub(before.1);
    time::sleep(SETTLE).await;
    let after = site.gateway_memory()?;
    // Long enough for the gateway to look after each of them, where the options leave the time.
    time::sleep(options.measured() * options.rounds).await;
    total.failures.merge(tally.failures());
    ensure!(
        tasks.len() == all,
        "{} of {all} sockets were lost while nothing happened ({})",
        all - tasks.len(),
        total.failures.first.unwrap_or_default()
    );
    let later = u64::try_from(all - first)?;
    let requests_per_second = float(total.requests()) / elapsed.as_secs_f64();
    Ok(Findings {
        rounds: vec![Round {
            quiet_requests_per_second: None,
            requests_per_second,
            floor_tps: None,
        }],
        sockets: Some(Sockets {
            connections: u64::try_from(all)?,
            counted: "connections opened, until the gateway says that they are",
            memory_per_connection_bytes: Some(per(after.saturating_sub(before.0), later)),
            messages_per_second: None,
            half_rate: None,
        }),
        ..Findings::of(total)
    })
}
