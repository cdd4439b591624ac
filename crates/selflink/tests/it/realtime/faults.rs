//! Conversations while things break: afterwards everybody has every message, once, in order.

mod device;

use std::time::Duration;

use futures::future::join_all;
use platform::testing::{TestApp, TestDatabase, is_postgres};
use serde_json::json;
use tokio::time::sleep;

use self::device::Device;
use super::wire::Wire;
use crate::{
    program::{Program, selflink},
    shutdown::redis::OwnRedis,
    support::{TestUser, start_with, user},
};

/// Messages that each sends.
const MESSAGES: usize = 25;
/// They send more in a minute than people do.
const UNLIMITED: (&str, &str) = ("MESSAGES_PER_MINUTE", "0");
/// Of how many messages the answer to one is lost.
const LOST_ANSWERS: usize = 10;

/// Three people in a group.
async fn group(app: &TestApp) -> (Vec<TestUser>, String) {
    let people = vec![user(app).await, user(app).await, user(app).await];
    let ids: Vec<i64> = people.iter().map(|person| person.id).collect();
    let body = json!({ "participant_ids": ids, "is_group": true, "title": "Three" });
    let thread = people[0].client.post("threads/", &body).await.expect(201);
    let thread = thread["id"].as_i64().expect("a number").to_string();
    (people, thread)
}

/// Lets everybody talk through `urls`, one for each, and listen until they have everything, while there is `trouble`; then
/// looks at what they have.
async fn talk_through(
    app: &TestApp,
    people: &[TestUser],
    thread: &str,
    urls: &[String],
    trouble: impl Future<Output = ()>,
) {
    let total = people.len() * MESSAGES;
    let mut devices: Vec<Device> = people
        .iter()
        .zip(urls)
        .map(|(person, url)| Device::new(person, url, thread))
        .collect();
    let speak = async {
        let speakers = people.iter().zip(urls).map(|(person, url)| async move {
            for number in 0..MESSAGES {
                let body = format!("{} {number}", person.handle);
                device::send(person, url, thread, &body, number % LOST_ANSWERS == 3).await;
                sleep(Duration::from_millis(20)).await;
            }
        });
        join_all(speakers).await;
    };
    let listen = join_all(devices.iter_mut().map(|device| device.listen(total)));
    tokio::join!(speak, trouble, listen);
    let stored = device::stored(app, &people[0], thread).await;
    assert_eq!(stored.len(), total, "every message is there once");
    for device in &devices {
        assert_eq!(device.messages, stored, "{}", device.name());
    }
}

#[tokio::test]
async fn networks_are_cut_and_answers_lost() {
    let app = start_with(&[UNLIMITED]).await;
    let (people, thread) = group(&app).await;
    let wires = [
        Wire::to(&app.url).await,
        Wire::to(&app.url).await,
        Wire::to(&app.url).await,
    ];
    let urls: Vec<String> = wires.iter().map(Wire::url).collect();
    let trouble = async {
        for turn in 0..12 {
            let wire = &wires[turn % wires.len()];
            sleep(Duration::from_millis(60)).await;
            wire.cut();
            sleep(Duration::from_millis(60)).await;
            wire.mend();
        }
    };
    talk_through(&app, &people, &thread, &urls, trouble).await;
    app.stop().await;
}

#[tokio::test]
async fn redis_is_killed_and_started_again() {
    let database = TestDatabase::create().await;
    let Some(mut redis) = OwnRedis::prepare(&database).await else {
        return;
    };
    redis.start().await;
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str()), UNLIMITED];
    let app = TestApp::on(database, ::selflink::instance(), &settings).await;
    let (people, thread) = group(&app).await;
    let urls = vec![app.url.clone(); people.len()];
    let trouble = async {
        for _ in 0..2 {
            sleep(Duration::from_millis(300)).await;
            redis.stop().await;
            sleep(Duration::from_millis(700)).await;
            redis.start().await;
        }
    };
    talk_through(&app, &people, &thread, &urls, trouble).await;
    app.stop().await;
}

#[tokio::test]
async fn a_gateway_is_killed() {
    if !is_postgres() {
        println!("skipped: several processes need PostgreSQL and Redis");
        return;
    }
    let app = start_with(&[UNLIMITED]).await;
    let (people, thread) = group(&app).await;
    let mut command = selflink(&app.database(), &["serve", "--bind", "127.0.0.1:0"]);
    command.env(UNLIMITED.0, UNLIMITED.1);
    let doomed = Program::start(command).await;
    // A load balancer that leads to the one that lives.
    let wires = [
        Wire::to(&doomed.url).await,
        Wire::to(&doomed.url).await,
        Wire::to(&app.url).await,
    ];
    let urls: Vec<String> = wires.iter().map(Wire::url).collect();
    let trouble = async {
        sleep(Duration::from_millis(400)).await;
        doomed.kill().await;
        for wire in &wires {
            wire.lead_to(&app.url);
        }
    };
    talk_through(&app, &people, &thread, &urls, trouble).await;
    app.stop().await;
}
