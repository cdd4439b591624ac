//! The limit of sign-in requests per address.

use platform::testing::TestApp;
use serde_json::json;

use crate::support::{start_with, user};

/// The statuses of this many sign-in attempts from an address, one after the other.
async fn attempts(app: &TestApp, forwarded_for: &str, count: usize) -> Vec<u16> {
    let client = app.client().with_header("x-forwarded-for", forwarded_for);
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(client.post("auth/login/", &json!({})).await.status);
    }
    statuses
}

fn limited() -> [(&'static str, &'static str); 2] {
    // Refused for as long as a test takes: the window of a second may end in the middle of it.
    [("RATE_LIMITS_ENABLED", "true"), ("AUTH_RPS_IP", "1")]
}

#[tokio::test]
async fn sign_in_attempts_are_limited_before_their_body_is_looked_at() {
    let app = start_with(&limited()).await;
    let client = app.client();
    let sent = (0..30).map(|n| {
        let (client, path) = (client.clone(), ["auth/login/", "auth/register/"][n % 2]);
        async move { client.send("POST", path, "application/json", "{").await }
    });
    let answers = futures::future::join_all(sent).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(refused.len() >= 10, "{} of 30 were refused", refused.len());
    for answer in &answers {
        assert!([400, 429].contains(&answer.status), "{}", answer.text);
    }
    assert_eq!(refused[0].json(), json!({ "detail": "Rate limit exceeded." }));
    assert_eq!(refused[0].header("retry-after"), "1");
    // The refresh of tokens is not limited, nor is anything else.
    for _ in 0..5 {
        client.post("auth/refresh/", &json!({})).await.expect(400);
        client.get("home/highlights/").await.expect(200);
    }
    app.stop().await;
}

#[tokio::test]
async fn attempts_are_counted_by_the_first_forwarded_address() {
    let app = start_with(&limited()).await;
    // 40 addresses, one attempt each: nobody is refused.
    let sent = (0..40).map(|n| {
        let client = app
            .client()
            .with_header("x-forwarded-for", &format!("203.0.113.{n}, 198.51.100.7"));
        async move { client.post("auth/login/", &json!({})).await.status }
    });
    assert!(
        futures::future::join_all(sent)
            .await
            .iter()
            .all(|status| *status == 400)
    );
    // One address behind many proxies: somebody is.
    let sent = (0..40).map(|n| {
        let client = app
            .client()
            .with_header("x-forwarded-for", &format!("192.0.2.1, 198.51.100.{n}"));
        async move { client.post("auth/login/", &json!({})).await.status }
    });
    assert!(futures::future::join_all(sent).await.contains(&429));
    app.stop().await;
}

#[tokio::test]
async fn the_limit_is_off_unless_switched_on() {
    for settings in [
        [("RATE_LIMITS_ENABLED", "false"), ("AUTH_RPS_IP", "1")],
        [("RATE_LIMITS_ENABLED", "true"), ("AUTH_RPS_IP", "0")],
    ] {
        let app = start_with(&settings).await;
        user(&app).await;
        assert_eq!(attempts(&app, "192.0.2.1", 12).await, [400; 12]);
        app.stop().await;
    }
}
