//! Who is let in, and what clients may send.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use platform::id::UserId;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Socket, event_of, frame, tell};
use crate::support::{deactivate, start, start_with, user};

const KEY: &str = "test-secret-key-0123456789-abcdefghijklmnop";

fn token(key: &str, algorithm: Algorithm, changes: &Value) -> String {
    let now = platform::clock::Clock::system().now().timestamp();
    let mut claims = json!({ "token_type": "access", "exp": now + 600, "iat": now, "jti": "x" });
    let claims_map = claims.as_object_mut().expect("an object");
    claims_map.extend(changes.as_object().expect("an object").clone());
    let key = EncodingKey::from_secret(key.as_bytes());
    encode(&Header::new(algorithm), &claims, &key).expect("is made")
}

#[tokio::test]
async fn what_happens_after_the_acknowledgement_is_heard() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for event in 1..=20 {
        let (mut first, mut second) = (Socket::open(&app, &ann).await, Socket::open(&app, &ann).await);
        let mut other = Socket::open(&app, &bob).await;
        tell(&app, event, &[&ann]).await;
        let told = first.next().await;
        assert_eq!(
            told,
            json!({ "event_id": event.to_string(), "type": "test", "text": "hello" })
        );
        assert_eq!(second.next().await, told);
        assert_eq!(other.settle().await, Vec::<Value>::new(), "it was not for them");
    }
    app.stop().await;
}

#[tokio::test]
async fn those_who_may_not_connect_are_told_why() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    deactivate(&app, bob.id).await;
    let now = app.app.clock().now().timestamp();
    let own = |changes: Value| token(KEY, Algorithm::HS256, &changes);
    let id = ann.id;
    let tokens = [
        String::new(),
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        "x".repeat(6000),
        ann.refresh.clone(),
        token(
            "k".repeat(40).as_str(),
            Algorithm::HS256,
            &json!({ "user_id": id }),
        ),
        token(KEY, Algorithm::HS512, &json!({ "user_id": id })),
        own(json!({})),
        own(json!({ "user_id": "abc" })),
        own(json!({ "user_id": 4242 })),
        own(json!({ "user_id": id, "sid": 4242 })),
    ];
    for token in tokens {
        let mut socket = Socket::dial(&app, &format!("token={token}")).await;
        let (code, reason, frames) = socket.closed().await;
        assert_eq!((code, reason.as_str()), (4401, "Unauthorized"), "{token}");
        assert_eq!(
            frames,
            [json!({ "type": "error", "status": 401, "message": "Unauthorized" })]
        );
    }
    let ended = own(json!({ "user_id": id, "exp": now - 5 }));
    let (code, reason, frames) = Socket::dial(&app, &format!("token={ended}")).await.closed().await;
    assert_eq!((code, frames), (4401, vec![]));
    let reason = reason.to_lowercase();
    assert!(
        !reason.contains("expired") && !reason.contains("unauthorized"),
        "clients would end the session: {reason}"
    );
    let off = bob.client.token.as_deref().expect("has one");
    let (code, ..) = Socket::dial(&app, &format!("token={off}")).await.closed().await;
    assert_eq!(code, 4403);
    assert_eq!(Socket::dial(&app, "").await.closed().await.0, 4401);
    app.stop().await;
}

#[tokio::test]
async fn tokens_of_older_systems_and_of_the_gateways_own_key_are_taken() {
    let app = start_with(&[("REALTIME_JWT_SECRET", "the-gateways-own-key-0123456789")]).await;
    let ann = user(&app).await;
    for (key, claims) in [
        (KEY, json!({ "user_id": ann.id })),
        (KEY, json!({ "user_id": ann.id.to_string() })),
        (
            "the-gateways-own-key-0123456789",
            json!({ "sub": ann.id.to_string() }),
        ),
    ] {
        let token = token(key, Algorithm::HS256, &claims);
        let mut socket = Socket::dial(&app, &format!("token={token}")).await;
        assert_eq!(socket.next().await["message"], "connected");
        tell(&app, 1, &[&ann]).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn other_paths_and_other_requests_are_refused() {
    let app = start().await;
    let refused = Socket::try_dial(&format!("{}/nope", app.url), "").await;
    let Err(Error::Http(answer)) = refused.map(drop) else {
        panic!("is accepted")
    };
    assert_eq!(answer.status(), 403);
    let answer = app.client().get("/ws").await;
    assert_eq!((answer.status, answer.header("upgrade")), (426, "websocket"));
    let twice = Socket::try_dial(&app.url, "token=a&token=b").await;
    assert!(matches!(twice.map(drop), Err(Error::Http(answer)) if answer.status() == 400));
    app.stop().await;
}

#[tokio::test]
async fn odd_frames_are_answered_and_hurt_nobody() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let (mut odd, mut other) = (Socket::open(&app, &ann).await, Socket::open(&app, &bob).await);
    let ack = |message: &str| json!({ "type": "ack", "message": message });
    for text in ["not json", "", "{", &"[".repeat(5000)] {
        odd.send_text(text).await;
        assert_eq!(odd.next().await, ack("invalid-json"));
    }
    let presence = json!({ "type": "presence", "user_id": bob.id, "thread_id": null, "status": "typing" });
    let message =
        json!({ "type": "message", "thread_id": 1, "message_id": 1, "sender_id": bob.id, "body": "x" });
    let long = json!({ "type": "zzz", "pad": "x".repeat(60_000) });
    let texts = [
        "[1]",
        "\"text\"",
        "5",
        "null",
        "{}",
        r#"{"type":5}"#,
        r#"{"type":"presence"}"#,
    ];
    let frames = [presence, message, long].map(|frame| frame.to_string());
    for text in texts.into_iter().map(str::to_owned).chain(frames) {
        odd.send_text(&text).await;
        assert_eq!(odd.next().await, ack("ignored"), "{text:.40}");
    }
    futures::SinkExt::send(&mut odd.0, Message::binary(vec![0, 1]))
        .await
        .expect("is sent");
    assert_eq!(odd.next().await, ack("ignored"));
    tell(&app, 7, &[&ann, &bob]).await;
    assert_eq!(event_of(&odd.next().await), 7);
    assert_eq!(event_of(&other.next().await), 7);
    assert_eq!(other.settle().await, Vec::<Value>::new(), "nothing was forged");
    app.stop().await;
}

#[tokio::test]
async fn passing_notices_reach_few_and_many() {
    let app = start().await;
    let ann = user(&app).await;
    let mut socket = Socket::open(&app, &ann).await;
    for count in [1, 2, 600] {
        let to: Vec<UserId> = (0..count).map(|other| UserId(ann.id + other)).collect();
        let frame = json!({ "type": "typing", "count": count });
        ::realtime::publish_passing(&app.app, &to, &frame)
            .await
            .expect("is published");
        assert_eq!(socket.next().await, frame);
    }
    let notice = ::realtime::Notice {
        to: (0..1200).rev().map(|other| UserId(ann.id + other)).collect(),
        event_id: 5,
        frame: frame("to very many"),
    };
    for _ in 0..3 {
        ::realtime::publish(&app.app, std::slice::from_ref(&notice))
            .await
            .expect("is published");
    }
    assert_eq!(event_of(&socket.next().await), 5);
    assert_eq!(socket.settle().await, Vec::<Value>::new(), "once");
    app.stop().await;
}

#[tokio::test]
async fn a_connection_costs_one_statement() {
    let app = start().await;
    let ann = user(&app).await;
    let program = crate::cli::Listening::start(&app.database(), &["realtime"]).await;
    let token = ann.client.token.as_deref().expect("is signed in");
    for expected in 1..=3_u64 {
        let query = format!("token={token}&channels=post:1,comment:2");
        let mut socket = Socket::try_dial(&program.url, &query)
            .await
            .expect("is a gateway");
        assert_eq!(socket.next().await["message"], "connected");
        let sent = crate::users::statements::sent(&program.client(), "/ws").await;
        assert_eq!(sent, expected);
    }
    assert_eq!(
        program.client().get("/health").await.expect(200),
        json!({ "status": "ok" })
    );
    assert_eq!(program.client().get("users/me/").await.status, 404);
    app.stop().await;
}
