//! Several gateways, and the end of one.

use platform::{
    process::Instance,
    testing::{TestApp, is_postgres},
};
use serde_json::{Value, json};

use super::{Socket, tell};
use crate::support::{start, user};

fn instance() -> Instance {
    selflink::instance()
}

#[tokio::test]
async fn the_end_of_a_gateway_is_told() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut sockets = [
        Socket::open(&app, &ann).await,
        Socket::open_with(&app, &bob, "&channels=post:1").await,
    ];
    tell(&app, 1, &[&ann]).await;
    let ended = app.stop();
    let closed = async {
        let mut codes = Vec::new();
        for socket in &mut sockets {
            let (code, _, frames) = socket.closed().await;
            codes.push((code, frames.len()));
        }
        codes
    };
    let ((), codes) = tokio::join!(ended, closed);
    assert_eq!(codes, [(1012, 1), (1012, 0)], "what waited was sent before");
}

#[tokio::test]
async fn gateways_share_events_positions_and_the_ends_of_sessions() {
    if !is_postgres() {
        println!("skipped: several processes need PostgreSQL and Redis");
        return;
    }
    let app = start().await;
    let second = TestApp::on(app.database(), instance(), &[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut here = Socket::open_with(&app, &ann, "&last_event_id=").await;
    let begun = here.next().await["event_id"].clone();
    let mut there = Socket::open(&second, &ann).await;
    let mut other = Socket::open(&second, &bob).await;
    for event in 1..=10 {
        let from = if event % 2 == 0 { &app } else { &second };
        tell(from, event, &[&ann]).await;
        tell(from, event, &[&ann]).await;
    }
    let all: Vec<i64> = (1..=10).collect();
    assert_eq!(here.events(10).await, all);
    assert_eq!(there.events(10).await, all);
    assert_eq!(other.settle().await, Vec::<Value>::new());
    let crowd: Vec<platform::id::UserId> = (0..700)
        .map(|number| platform::id::UserId(ann.id + number))
        .collect();
    let notice = realtime::Notice {
        to: crowd,
        event_id: 11,
        frame: super::frame("to very many"),
    };
    realtime::publish(&second.app, &[notice])
        .await
        .expect("is published");
    assert_eq!(
        (here.events(1).await, there.events(1).await),
        (vec![11], vec![11])
    );
    // A client that comes back elsewhere.
    let begun = begun.as_str().expect("is a text");
    let mut moved = Socket::open_with(&second, &ann, &format!("&last_event_id={begun}")).await;
    assert_eq!(moved.next().await["missed"], 11);
    moved.events(11).await;
    // The end of the session reaches the other process.
    let answer = ann
        .client
        .post("auth/logout/", &json!({ "refresh": ann.refresh }))
        .await;
    assert!(answer.status < 300, "{}", answer.text);
    for socket in [&mut here, &mut there, &mut moved] {
        assert_eq!(socket.closed().await.0, 4401);
    }
    second.stop().await;
    app.stop().await;
}

#[tokio::test]
async fn a_gateway_that_lost_its_broker_catches_up() {
    if !is_postgres() {
        println!("skipped: needs Redis");
        return;
    }
    let app = start().await;
    // It hears through a relay that the test cuts, and others publish past it.
    let relay = Relay::start(app.app.config().redis.url.as_ref().expect("has Redis").expose()).await;
    let gateway = TestApp::on(app.database(), instance(), &[("PUBSUB_REDIS_URL", &relay.url)]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut socket = Socket::open(&gateway, &ann).await;
    let mut other = Socket::open(&gateway, &bob).await;
    tell(&app, 1, &[&ann]).await;
    assert_eq!(socket.events(1).await, [1]);
    relay.cut();
    for event in 2..=30 {
        tell(&app, event, &[&ann]).await;
    }
    relay.mend();
    let all: Vec<i64> = (2..=30).collect();
    assert_eq!(socket.events(29).await, all);
    tell(&app, 31, &[&ann, &bob]).await;
    assert_eq!(socket.events(1).await, [31]);
    assert_eq!(other.events(1).await, [31]);
    assert_eq!(socket.settle().await, Vec::<Value>::new());
    gateway.stop().await;
    app.stop().await;
}

#[tokio::test]
async fn without_a_broker_nobody_is_let_in_and_health_is_well() {
    let nowhere = ("PUBSUB_REDIS_URL", "redis://127.0.0.1:1/0");
    let token = ("REALTIME_PUBLISH_TOKEN", "t");
    let app = crate::support::start_with(&[nowhere, token]).await;
    let ann = user(&app).await;
    let query = format!("token={}", ann.client.token.as_deref().expect("is signed in"));
    assert_eq!(Socket::dial(&app, &query).await.closed().await.0, 1013);
    assert_eq!(
        app.client().get("/health").await.expect(200),
        json!({ "status": "ok" })
    );
    let gift = json!({ "channel": "post:1", "payload": { "type": "gift.received" } });
    let client = app.client().with_header("authorization", "Bearer t");
    let answer = client.post("/internal/publish", &gift).await;
    assert_eq!(answer.expect(503), json!({ "detail": "Publish failed" }));
    app.stop().await;
}

/// Hands on connections to Redis until it is cut.
struct Relay {
    url: String,
    state: tokio::sync::watch::Sender<bool>,
}

impl Relay {
    async fn start(redis: &str) -> Self {
        let rest = redis.split_once("://").map_or(redis, |(_, rest)| rest);
        let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, server) = server.rsplit_once('@').unwrap_or(("", server));
        let server = if server.contains(':') {
            server.to_owned()
        } else {
            format!("{server}:6379")
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("has an address");
        let at = if credentials.is_empty() { "" } else { "@" };
        let url = format!("redis://{credentials}{at}{address}/{path}");
        let (state, open) = tokio::sync::watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (server, mut open) = (server.clone(), open.clone());
                if !*open.borrow() {
                    continue;
                }
                tokio::spawn(async move {
                    let mut redis = tokio::net::TcpStream::connect(server).await.expect("connects");
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut redis) => {}
                        _ = open.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { url, state }
    }

    fn cut(&self) {
        self.state.send_replace(false);
    }

    fn mend(&self) {
        self.state.send_replace(true);
    }
}
