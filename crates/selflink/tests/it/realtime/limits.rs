//! What the gateway does not put up with.

use std::time::Duration;

use futures::SinkExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Socket, frame, tell};
use crate::support::{eventually, start, start_with, user};

#[tokio::test]
async fn one_more_than_twenty_closes_the_oldest() {
    let app = start().await;
    let ann = user(&app).await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(Socket::open(&app, &ann).await);
    }
    tell(&app, 1, &[&ann]).await;
    for socket in &mut sockets {
        assert_eq!(socket.events(1).await, [1]);
    }
    let mut newest = Socket::open(&app, &ann).await;
    assert_eq!(sockets.remove(0).closed().await.0, 4409);
    tell(&app, 2, &[&ann]).await;
    for socket in sockets.iter_mut().chain([&mut newest]) {
        assert_eq!(socket.events(1).await, [2]);
    }
    app.stop().await;
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_nobody_waits_for_them() {
    let app = start_with(&[("REALTIME_QUEUE_FRAMES", "16")]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (slow, mut quick) = (Socket::open(&app, &ann).await, Socket::open(&app, &bob).await);
    let mut slow = slow;
    let mut long = frame("");
    long.insert("pad".to_owned(), json!("x".repeat(100_000)));
    let to = vec![platform::id::UserId(ann.id)];
    for event_id in 1..=400 {
        let notice = realtime::Notice {
            to: to.clone(),
            event_id,
            frame: long.clone(),
        };
        realtime::publish(&app.app, &[notice])
            .await
            .expect("is published");
        if event_id % 20 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    tell(&app, 1000, &[&bob]).await;
    assert_eq!(quick.events(1).await, [1000]);
    eventually("it is cut off", async || {
        (!realtime::is_connected(&app.app, to[0])).then_some(())
    })
    .await;
    let (code, _, frames) = slow.closed().await;
    assert!(code == 4408 || code == 0, "{code}");
    assert!(frames.len() < 400, "the rest was not kept");
    app.stop().await;
}

#[tokio::test]
async fn who_sends_too_much_is_cut_off() {
    let app = start_with(&[("REALTIME_FRAME_RATE", "30/min")]).await;
    let ann = user(&app).await;
    let mut socket = Socket::open(&app, &ann).await;
    for _ in 0..28 {
        socket.settle().await;
    }
    for _ in 0..10 {
        let _ = socket.0.send(Message::text("{}")).await;
    }
    assert_eq!(socket.closed().await.0, 1008);
    let mut socket = Socket::open_with(&app, &ann, "&last_event_id=").await;
    for _ in 0..10 {
        let _ = socket.0.send(Message::text(r#"{"type":"resume"}"#)).await;
    }
    let (code, _, frames) = socket.closed().await;
    assert_eq!(code, 1008);
    assert!(frames.len() <= 4, "repeating costs more: {frames:?}");
    app.stop().await;
}

#[tokio::test]
async fn frames_have_a_longest_length() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut good = Socket::open(&app, &bob).await;
    for length in [200_000, 17 << 20] {
        let mut socket = Socket::open(&app, &ann).await;
        let sent = socket.0.send(Message::text("x".repeat(length))).await;
        let (code, ..) = socket.closed().await;
        assert!(code == 1009 || sent.is_err() || code == 0, "{length}: {code}");
    }
    tell(&app, 1, &[&bob]).await;
    assert_eq!(good.events(1).await, [1]);
    app.stop().await;
}

#[tokio::test]
async fn connecting_has_limits() {
    let app = start_with(&[
        ("REALTIME_CONNECT_RATE", "3/min"),
        ("REALTIME_MAX_CONNECTIONS", "4"),
    ])
    .await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(Socket::open(&app, &ann).await);
    }
    let token = ann.client.token.as_deref().expect("is signed in");
    let mut refused = Socket::dial(&app, &format!("token={token}")).await;
    let (code, reason, _) = refused.closed().await;
    assert_eq!(code, 4429);
    assert!(!reason.to_lowercase().contains("unauthorized"));
    sockets.push(Socket::open(&app, &bob).await);
    let full = Socket::try_dial(&app.url, &format!("token={token}")).await;
    assert!(matches!(full.map(drop), Err(Error::Http(answer)) if answer.status() == 503));
    app.stop().await;
}
