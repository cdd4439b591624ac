//! Throttles: how often somebody may ask.

use platform::testing::{Answer, Client, TestApp, is_postgres};
use serde_json::json;

use crate::support::{eventually, start_with, user};

const PUBLIC: &str = "home/highlights/";

/// A client behind a proxy on this machine.
fn from(client: &Client, address: &str) -> Client {
    client.with_header("x-forwarded-for", address)
}

/// The statuses of this many requests, one after the other.
async fn statuses(client: &Client, path: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(client.get(path).await.status);
    }
    statuses
}

/// The seconds that a refused client is told to wait, in both places the same.
fn wait_of(answer: &Answer) -> u64 {
    let wait: u64 = answer.header("retry-after").parse().expect("is a number");
    let unit = if wait == 1 { "second" } else { "seconds" };
    let detail = format!("Request was throttled. Expected available in {wait} {unit}.");
    assert_eq!(answer.expect(429), json!({ "detail": detail }));
    wait
}

#[tokio::test]
async fn per_address() {
    let app = start_with(&[("THROTTLE_IP_RATE", "5/min")]).await;
    let (one, other) = (
        from(&app.client(), "203.0.113.1"),
        from(&app.client(), "203.0.113.2"),
    );
    assert_eq!(statuses(&one, PUBLIC, 5).await, [200; 5]);
    let wait = wait_of(&one.get(PUBLIC).await);
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(statuses(&other, PUBLIC, 5).await, [200; 5]);
    // Whoever is signed in counts towards the address as well, on every endpoint.
    let ann = user(&app).await;
    wait_of(&from(&ann.client, "203.0.113.1").get("users/me/").await);
    app.stop().await;
}

#[tokio::test]
async fn per_user_whatever_the_address() {
    let app = start_with(&[("THROTTLE_USER_RATE", "5/min")]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for n in 0..5 {
        from(&ann.client, &format!("203.0.113.{n}"))
            .get("users/me/")
            .await
            .expect(200);
    }
    wait_of(&from(&ann.client, "203.0.113.99").get("users/").await);
    from(&bob.client, "203.0.113.0")
        .get("users/me/")
        .await
        .expect(200);
    // Strangers count by their address.
    let stranger = from(&app.client(), "203.0.113.50");
    assert_eq!(
        statuses(&stranger, PUBLIC, 6).await,
        [200, 200, 200, 200, 200, 429]
    );
    app.stop().await;
}

#[tokio::test]
async fn strangers_only() {
    let app = start_with(&[("THROTTLE_ANON_RATE", "5/min")]).await;
    let ann = user(&app).await;
    let stranger = from(&app.client(), "203.0.113.1");
    assert_eq!(
        statuses(&stranger, PUBLIC, 6).await,
        [200, 200, 200, 200, 200, 429]
    );
    assert_eq!(
        statuses(&from(&ann.client, "203.0.113.1"), PUBLIC, 10).await,
        [200; 10]
    );
    app.stop().await;
}

#[tokio::test]
async fn where_one_signs_in_everybody_is_a_stranger() {
    let app = start_with(&[("THROTTLE_ANON_RATE", "3/min")]).await;
    let ann = user(&app).await;
    let client = from(&ann.client, "203.0.113.1");
    for status in [400, 400, 400, 429] {
        client.post("auth/login/", &json!({})).await.expect(status);
    }
    app.stop().await;
}

#[tokio::test]
async fn refused_requests_do_not_count() {
    let app = start_with(&[("THROTTLE_IP_RATE", "3/s")]).await;
    let client = from(&app.client(), "203.0.113.1");
    // Asking far more often than is allowed, all the time: would refusals count, the window would never be free again.
    let mut passed = 0;
    eventually("the window moves on", async || {
        if client.get(PUBLIC).await.status == 200 {
            passed += 1;
        }
        app.advance(chrono::Duration::milliseconds(20));
        (passed > 6).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn one_second_is_singular() {
    let app = start_with(&[("THROTTLE_ANON_RATE", "1/s")]).await;
    let client = from(&app.client(), "203.0.113.1");
    let refused = eventually("a refusal", async || {
        Some(client.get(PUBLIC).await).filter(|answer| answer.status == 429)
    })
    .await;
    assert_eq!(
        refused.text,
        r#"{"detail":"Request was throttled. Expected available in 1 second."}"#
    );
    assert_eq!(wait_of(&refused), 1);
    app.stop().await;
}

#[tokio::test]
async fn the_longest_wait_is_told() {
    let app = start_with(&[
        ("THROTTLE_IP_RATE", "1/min"),
        ("THROTTLE_USER_RATE", "1/hour"),
        ("THROTTLE_ANON_RATE", "1/s"),
    ])
    .await;
    let client = from(&app.client(), "203.0.113.1");
    client.get(PUBLIC).await.expect(200);
    let wait = wait_of(&client.get(PUBLIC).await);
    assert!((3500..=3600).contains(&wait), "{wait}");
    app.stop().await;
}

#[tokio::test]
async fn who_is_refused_anyway_is_not_counted() {
    let app = start_with(&[("THROTTLE_IP_RATE", "2/min")]).await;
    let client = from(&app.client(), "203.0.113.1");
    assert_eq!(statuses(&client, "users/me/", 5).await, [401; 5]);
    assert_eq!(statuses(&client.with_token("junk"), PUBLIC, 5).await, [401; 5]);
    assert_eq!(statuses(&client, PUBLIC, 3).await, [200, 200, 429]);
    app.stop().await;
}

#[tokio::test]
async fn the_forwarded_address_is_the_last_that_no_trusted_proxy_has() {
    let app = start_with(&[("THROTTLE_IP_RATE", "3/min")]).await;
    for (n, status) in [200, 200, 200, 429].into_iter().enumerate() {
        // What the client has written in front does not help it.
        from(&app.client(), &format!("198.51.100.{n}, 203.0.113.1, 127.0.0.1"))
            .get(PUBLIC)
            .await
            .expect(status);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_peer_that_is_no_trusted_proxy_cannot_choose_its_address() {
    let app = start_with(&[("THROTTLE_IP_RATE", "3/min"), ("TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    for (n, status) in [200, 200, 200, 429].into_iter().enumerate() {
        from(&app.client(), &format!("198.51.100.{n}"))
            .get(PUBLIC)
            .await
            .expect(status);
    }
    app.stop().await;
}

#[tokio::test]
async fn probes_are_not_throttled_but_documentation_is() {
    let app = start_with(&[("THROTTLE_IP_RATE", "2/min")]).await;
    for path in ["/health", "/health/ready", "health/", "/metrics", "nowhere/"] {
        let statuses = statuses(&app.client(), path, 4).await;
        assert!(!statuses.contains(&429), "{path}: {statuses:?}");
    }
    assert_eq!(statuses(&app.client(), "/api/schema/", 3).await, [200, 200, 429]);
    app.client().get("/api/docs/").await.expect(429);
    app.stop().await;
}

#[tokio::test]
async fn instances_that_share_redis_count_together() {
    let settings = [("THROTTLE_USER_RATE", "6/min")];
    let one = start_with(&settings).await;
    let two = TestApp::on(one.database(), selflink::instance(), &settings).await;
    let ann = user(&one).await;
    let token = ann.client.token.clone().expect("is signed in");
    let other = two.client().with_token(&token);
    for _ in 0..3 {
        ann.client.get("users/me/").await.expect(200);
        other.get("users/me/").await.expect(200);
    }
    // Without Redis each process counts for itself.
    let status = if is_postgres() { 429 } else { 200 };
    assert_eq!(
        [
            ann.client.get("users/me/").await.status,
            other.get("users/me/").await.status
        ],
        [status; 2]
    );
    two.stop().await;
    one.stop().await;
}
