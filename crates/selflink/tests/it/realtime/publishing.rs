//! `POST /internal/publish`

use platform::testing::{Answer, TestApp};
use serde_json::{Value, json};

use super::Socket;
use crate::support::{start, start_with, user};

const TOKEN: &str = "publish-token-for-tests";
const SETTINGS: (&str, &str) = ("REALTIME_PUBLISH_TOKEN", TOKEN);

async fn publish(app: &TestApp, authorization: &str, body: &Value) -> Answer {
    let client = app.client();
    let client = match authorization {
        "" => client,
        text => client.with_header("authorization", text),
    };
    client.post("/internal/publish", body).await
}

fn gift(channel: &str) -> Value {
    json!({ "channel": channel, "payload": { "type": "gift.received", "id": 1, "note": "é😀", "big": 1_234_567_890_123_456_789_i64 } })
}

#[tokio::test]
async fn a_gift_is_delivered_as_it_is() {
    let app = start_with(&[SETTINGS]).await;
    let ann = user(&app).await;
    let mut socket = Socket::open_with(&app, &ann, "&channels=post:7,comment:8").await;
    for channel in ["post:7", "comment:8"] {
        let answer = publish(&app, &format!("Bearer {TOKEN}"), &gift(channel)).await;
        assert_eq!(answer.expect(200), json!({ "status": "ok" }));
        assert_eq!(socket.next().await, gift(channel)["payload"]);
    }
    app.stop().await;
}

#[tokio::test]
async fn the_checks_have_their_order() {
    let app = start_with(&[SETTINGS]).await;
    let good = format!("Bearer {TOKEN}");
    let detail = |text: &str| json!({ "detail": text });
    for body in [
        json!({}),
        json!({ "channel": "post:1" }),
        json!({ "payload": { "type": "gift.received" } }),
        json!({ "channel": 5, "payload": { "type": "gift.received" } }),
        json!({ "channel": "post:1", "payload": [] }),
        json!([]),
        json!("x"),
    ] {
        for authorization in ["", &good] {
            let answer = publish(&app, authorization, &body).await.expect(422);
            assert!(answer["detail"].is_array(), "{body}: {answer}");
        }
    }
    let no_json = app
        .client()
        .send("POST", "/internal/publish", "application/json", "{")
        .await;
    assert_eq!(no_json.status, 422);
    let other = json!({ "channel": "user:1", "payload": { "type": "message:new" } });
    for scheme in ["", "Bearer", "Bearer ", "Basic abc", &format!("bearer {TOKEN}")] {
        let answer = publish(&app, scheme, &other).await;
        assert_eq!(answer.expect(401), detail("Missing token"), "{scheme}");
    }
    let ann = user(&app).await;
    for wrong in [
        "x",
        &ann.client.token.clone().expect("has one"),
        &format!("{TOKEN} "),
    ] {
        let answer = publish(&app, &format!("Bearer {wrong}x"), &other).await;
        assert_eq!(answer.expect(403), detail("Invalid token"));
    }
    let answer = publish(&app, &good, &other).await;
    assert_eq!(answer.expect(400), detail("Invalid channel"));
    for channel in [
        "broadcast",
        "post:0",
        "post:01",
        "post:-1",
        "post: 1",
        "POST:1",
        "post:",
        "",
        "post:1\r\nx",
    ] {
        let answer = publish(&app, &good, &gift(channel)).await;
        assert_eq!(answer.expect(400), detail("Invalid channel"), "{channel:?}");
    }
    for payload in [json!({}), json!({ "type": null }), json!({ "type": "presence" })] {
        let body = json!({ "channel": "post:1", "payload": payload });
        assert_eq!(
            publish(&app, &good, &body).await.expect(400),
            detail("Invalid event type")
        );
    }
    assert_eq!(app.client().get("/internal/publish").await.status, 405);
    let long = json!({ "channel": "post:1", "payload": { "type": "x".repeat(300_000) } });
    assert_eq!(publish(&app, &good, &long).await.status, 413);
    app.stop().await;
}

#[tokio::test]
async fn without_a_token_nobody_publishes() {
    let app = start().await;
    let answer = publish(&app, "Bearer ", &gift("post:1")).await;
    assert_eq!(answer.status, 401);
    assert_eq!(publish(&app, "Bearer x", &gift("post:1")).await.status, 401);
    app.stop().await;
}

#[tokio::test]
async fn each_address_publishes_so_often() {
    let app = start_with(&[SETTINGS, ("REALTIME_PUBLISH_RATE_LIMIT", "3/min")]).await;
    let good = format!("Bearer {TOKEN}");
    for _ in 0..3 {
        publish(&app, &good, &gift("post:1")).await.expect(200);
        assert_eq!(publish(&app, "Bearer wrong", &gift("post:1")).await.status, 403);
    }
    let answer = publish(&app, &good, &gift("nonsense")).await;
    assert_eq!(answer.expect(429), json!({ "detail": "Rate limit exceeded" }));
    let elsewhere = app
        .client()
        .with_header("x-forwarded-for", "203.0.113.9, 10.0.0.1")
        .with_header("authorization", &good);
    elsewhere
        .post("/internal/publish", &gift("post:1"))
        .await
        .expect(200);
    app.advance(chrono::Duration::seconds(61));
    if !platform::testing::is_postgres() {
        // Redis has a clock of its own.
        publish(&app, &good, &gift("post:1")).await.expect(200);
    }
    app.stop().await;
}
