//! Redis that is away, comes, goes, and comes back. Runs on every database: the Redis is the test's own.

use bytes::Bytes;
use platform::{
    pubsub::Delivery,
    testing::{TestApp, TestDatabase, is_postgres},
};
use tokio::{
    net::{TcpListener, TcpStream},
    process::Command,
    time::timeout,
};

use crate::{
    program::{PATIENCE, Program},
    support::eventually,
};

const SERVERS: [&str; 3] = [
    "/usr/bin/redis-server",
    "/usr/local/bin/redis-server",
    "/usr/bin/valkey-server",
];

/// A Redis at an address of its own, running or not.
pub struct OwnRedis {
    program: Option<Program>,
    server: &'static str,
    port: u16,
    database: TestDatabase,
}

impl OwnRedis {
    /// One that does not run yet; nothing where Redis is not installed.
    pub async fn prepare(database: &TestDatabase) -> Option<Self> {
        let Some(server) = SERVERS
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
        else {
            assert!(
                !is_postgres(),
                "Redis is missing: install it (apt-get install redis-server)"
            );
            println!("skipped: redis-server is not installed");
            return None;
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Some(Self {
            program: None,
            server,
            port: listener.local_addr().expect("has an address").port(),
            database: database.clone(),
        })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Starts it, empty.
    pub async fn start(&mut self) {
        let mut command = Command::new(self.server);
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(self.database.folder());
        let program = Program::spawn(command);
        eventually("Redis listens", async || {
            assert!(program.is_running(), "Redis ended:\n{}", program.output());
            TcpStream::connect(("127.0.0.1", self.port)).await.ok()
        })
        .await;
        self.program = Some(program);
    }

    /// Ends it as a power cut would.
    pub async fn stop(&mut self) {
        if let Some(program) = self.program.take() {
            program.kill().await;
        }
    }
}

/// An instance that lets an address through three times a minute, and needs Redis to count.
async fn start(database: &TestDatabase, redis: &OwnRedis) -> TestApp {
    let url = redis.url();
    let settings = [
        ("REDIS_URL", url.as_str()),
        ("THROTTLE_IP_RATE", "3/min"),
        ("RATE_LIMITS_ENABLED", "true"),
        ("AUTH_RPS_IP", "1"),
    ];
    TestApp::on(database.clone(), selflink::instance(), &settings).await
}

async fn every_request_passes(app: &TestApp) {
    for _ in 0..20 {
        app.client().get("home/highlights/").await.expect(200);
    }
    crate::support::user(app).await;
    let ready = app.client().get("/health/ready").await.expect(503);
    assert_eq!(ready["checks"]["redis"], "unavailable", "{ready}");
    assert_eq!(ready["checks"]["database"], "ok", "{ready}");
    app.client().get("/health").await.expect(200);
}

async fn requests_are_counted_again(app: &TestApp) {
    eventually("the instance is ready", async || {
        let ready = app.client().get("/health/ready").await;
        (ready.status == 200).then_some(())
    })
    .await;
    eventually("requests are throttled", async || {
        let answer = app.client().get("home/highlights/").await;
        assert!([200, 429].contains(&answer.status), "{}", answer.text);
        (answer.status == 429).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_requests_pass_and_its_return_is_noticed() {
    let database = TestDatabase::create().await;
    let Some(mut redis) = OwnRedis::prepare(&database).await else {
        return;
    };
    let app = start(&database, &redis).await;
    every_request_passes(&app).await;
    for _ in 0..2 {
        redis.start().await;
        requests_are_counted_again(&app).await;
        redis.stop().await;
        every_request_passes(&app).await;
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_outlive_redis() {
    let database = TestDatabase::create().await;
    let Some(mut redis) = OwnRedis::prepare(&database).await else {
        return;
    };
    redis.start().await;
    let (one, other) = (start(&database, &redis).await, start(&database, &redis).await);
    let subscribed = other.app.pubsub().subscribe("news").await;
    let mut subscription = subscribed.expect("Redis is there");
    for round in 0..3_u8 {
        let message = Bytes::from(vec![round]);
        eventually("a message arrives at the other process", async || {
            let _ = one.app.pubsub().publish("news", message.clone()).await;
            let wait = std::time::Duration::from_millis(200);
            while let Ok(delivery) = timeout(wait, subscription.next()).await {
                match delivery.expect("the subscription lives") {
                    Delivery::Message(text) if text == message => return Some(()),
                    // An earlier one, or word that some may have been missed.
                    _ => {}
                }
            }
            None
        })
        .await;
        redis.stop().await;
        let lost = timeout(PATIENCE, one.app.pubsub().publish("news", message)).await;
        assert!(lost.expect("does not hang").is_err());
        redis.start().await;
    }
    one.stop().await;
    other.stop().await;
}
