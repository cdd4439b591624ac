//! Clients that come back get exactly what they missed, or are told to look for themselves.

use proptest::{prelude::*, strategy::ValueTree as _};
use serde_json::{Value, json};

use super::{Socket, event_of, tell};
use crate::support::{start, start_with, user};

fn after(event: &Value) -> String {
    format!("&last_event_id={}", event.as_str().expect("is a text"))
}

#[tokio::test]
async fn what_was_missed_comes_first_and_once() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut socket = Socket::open_with(&app, &ann, "&last_event_id=").await;
    let begun = socket.next().await;
    assert_eq!((&begun["type"], &begun["missed"]), (&json!("resumed"), &json!(0)));
    drop(socket);
    for event in [30, 10, 20] {
        tell(&app, event, &[&ann, &bob]).await;
    }
    tell(&app, 40, &[&bob]).await;
    let mut socket = Socket::open_with(&app, &ann, &after(&begun["event_id"])).await;
    assert_eq!(
        socket.next().await,
        json!({ "type": "resumed", "missed": 3, "event_id": "20" })
    );
    tell(&app, 50, &[&ann]).await;
    assert_eq!(socket.events(4).await, [30, 10, 20, 50]);
    assert_eq!(socket.settle().await, Vec::<Value>::new());
    // On an open connection, too.
    socket
        .send(&json!({ "type": "resume", "last_event_id": "10" }))
        .await;
    assert_eq!(
        socket.next().await,
        json!({ "type": "resumed", "missed": 2, "event_id": "50" })
    );
    assert_eq!(socket.events(2).await, [20, 50]);
    // Without a position nothing is repeated.
    assert_eq!(Socket::open(&app, &ann).await.settle().await, Vec::<Value>::new());
    app.stop().await;
}

#[tokio::test]
async fn who_was_somewhere_unknown_must_look_for_themselves() {
    let app = start_with(&[("REALTIME_LOG_EVENTS", "5")]).await;
    let ann = user(&app).await;
    let mut socket = Socket::open_with(&app, &ann, "&last_event_id=").await;
    let begun = socket.next().await["event_id"].clone();
    for event in 1..=6 {
        tell(&app, event, &[&ann]).await;
    }
    assert_eq!(socket.events(6).await, [1, 2, 3, 4, 5, 6]);
    let begun = begun.as_str().expect("is a text");
    for unknown in [begun, "99", "nonsense", "-5", "123456789012345678901234567890"] {
        let mut back = Socket::open_with(&app, &ann, &format!("&last_event_id={unknown}")).await;
        let told = back.next().await;
        assert_eq!(
            told,
            json!({ "type": "sync_required", "event_id": "6" }),
            "{unknown}"
        );
        let mut again = Socket::open_with(&app, &ann, &after(&told["event_id"])).await;
        assert_eq!(again.next().await["missed"], 0);
    }
    app.stop().await;
}

#[tokio::test]
async fn published_again_is_told_once() {
    let app = start().await;
    let ann = user(&app).await;
    let mut socket = Socket::open_with(&app, &ann, "&last_event_id=").await;
    let begun = socket.next().await["event_id"].clone();
    for event in [1, 2, 1, 2, 3, 1] {
        tell(&app, event, &[&ann, &ann]).await;
    }
    assert_eq!(socket.events(3).await, [1, 2, 3]);
    assert_eq!(socket.settle().await, Vec::<Value>::new());
    let mut back = Socket::open_with(&app, &ann, &after(&begun)).await;
    assert_eq!(back.next().await["missed"], 3);
    assert_eq!(back.events(3).await, [1, 2, 3]);
    app.stop().await;
}

/// What a client does between two events.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// An event is told.
    Tell,
    /// It is told again.
    Repeat,
    /// The client reads what has come.
    Read,
    /// Its connection breaks without a word, whatever was on its way, and it comes back.
    Break,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Tell),
        1 => Just(Step::Repeat),
        2 => Just(Step::Read),
        2 => Just(Step::Break),
    ];
    proptest::collection::vec(step, 1..60)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_exactly_once_however_often_the_connection_breaks() {
    let app = start().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut number = 0;
    for _ in 0..20 {
        let steps = steps().new_tree(&mut runner).expect("there are some").current();
        let ann = user(&app).await;
        let mut socket = Socket::open_with(&app, &ann, "&last_event_id=").await;
        let mut last = socket.next().await["event_id"].clone();
        let (mut told, mut had) = (Vec::new(), Vec::new());
        for step in steps.iter().chain(&[Step::Break, Step::Read]) {
            match step {
                Step::Tell => {
                    number += 1;
                    told.push(number);
                    tell(&app, number, &[&ann]).await;
                }
                Step::Repeat => {
                    if let Some(event) = told.last() {
                        tell(&app, *event, &[&ann]).await;
                    }
                }
                Step::Read => {
                    for frame in socket.settle().await {
                        if frame["type"] != "resumed" {
                            had.push(event_of(&frame));
                            last = frame["event_id"].clone();
                        }
                    }
                }
                Step::Break => {
                    drop(socket);
                    let from = after(&last);
                    let opening = Socket::open_with(&app, &ann, &from);
                    // Something happens just while it comes back.
                    number += 1;
                    told.push(number);
                    let audience = [&ann];
                    let telling = tell(&app, number, &audience);
                    (socket, ()) = tokio::join!(opening, telling);
                    assert_eq!(socket.next().await["type"], "resumed");
                }
            }
        }
        assert_eq!(had, told, "{steps:?}");
    }
    app.stop().await;
}
