//! Headers that browsers and operators look for.

use platform::testing::{Answer, Client};

use crate::support::{start, start_with, user};

const PAGE: &str = "http://localhost:5173";

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let app = start().await;
    let ann = user(&app).await;
    for path in [
        "users/me/",
        "users/abc/",
        "/nowhere",
        "/health",
        "/api/docs/",
        "/metrics",
    ] {
        let answer = ann.client.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {path}");
        }
        let vary = vary(&answer);
        assert!(
            vary.contains(&"accept".to_owned()) && vary.contains(&"origin".to_owned()),
            "{path}: {vary:?}"
        );
    }
    app.stop().await;
}

/// What the answer depends on, sorted.
fn vary(answer: &Answer) -> Vec<String> {
    let values = answer.headers.get_all("vary").iter();
    let mut names: Vec<String> = values
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[tokio::test]
async fn request_ids_are_echoed_or_made() {
    let app = start().await;
    let id = async |client: &Client| client.get("health/").await.header("x-request-id").to_owned();
    for sent in [
        "abc-123",
        "7c1e2f3a-0000-4000-8000-000000000001",
        "Root=1-67891233:abc/def+g=h.i_j",
    ] {
        assert_eq!(id(&app.client().with_header("x-request-id", sent)).await, sent);
    }
    let (one, two) = (id(&app.client()).await, id(&app.client()).await);
    assert!(one.len() == 32 && two.len() == 32 && one != two, "{one} {two}");
    let long = "x".repeat(129);
    for hostile in [
        "<script>alert(1)</script>",
        "a b",
        "a\"b",
        "{\"a\":1}",
        "a;b",
        "$(reboot)",
        long.as_str(),
        "",
    ] {
        let answered = id(&app.client().with_header("x-request-id", hostile)).await;
        assert!(
            answered.len() == 32 && answered.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{answered}"
        );
    }
    // Errors too.
    let refused = app
        .client()
        .with_header("x-request-id", "of-an-error")
        .get("users/")
        .await;
    refused.expect(401);
    assert_eq!(refused.header("x-request-id"), "of-an-error");
    app.stop().await;
}

async fn preflight(client: &Client, origin: &str, path: &str) -> Answer {
    let client = client
        .with_header("origin", origin)
        .with_header("access-control-request-method", "POST");
    client
        .with_header("access-control-request-headers", "authorization")
        .call("OPTIONS", path)
        .await
}

#[tokio::test]
async fn preflights_are_answered_before_authentication() {
    let app = start().await;
    for path in ["users/me/", "auth/login/", "nowhere/"] {
        let answer = preflight(&app.client(), PAGE, path).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
        assert_eq!(answer.header("access-control-allow-origin"), PAGE);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert_eq!(answer.header("access-control-max-age"), "86400");
        insta::allow_duplicates! {
            insta::assert_snapshot!(answer.header("access-control-allow-methods"), @"GET, POST, PUT, PATCH, DELETE, OPTIONS");
            insta::assert_snapshot!(
                answer.header("access-control-allow-headers"),
                @"accept, accept-encoding, authorization, content-type, idempotency-key, origin, user-agent, x-async, x-csrftoken, x-request-id, x-requested-with, x-sync"
            );
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn pages_of_other_origins_get_the_plain_answer() {
    let app = start().await;
    let ann = user(&app).await;
    for origin in [
        "https://evil.example",
        "http://localhost:5174",
        "null",
        "http://localhost:5173.evil.example",
        "HTTP://LOCALHOST:5173",
    ] {
        let answer = ann.client.with_header("origin", origin).get("users/me/").await;
        answer.expect(200);
        assert!(
            answer
                .headers
                .keys()
                .all(|name| !name.as_str().starts_with("access-control-")),
            "{origin}"
        );
        assert!(vary(&answer).contains(&"origin".to_owned()));
        let asked = preflight(&app.client(), origin, "users/me/").await;
        asked.expect(401);
        assert_eq!(asked.header("access-control-allow-origin"), "");
    }
    app.stop().await;
}

#[tokio::test]
async fn allowed_pages_may_read_errors_as_well() {
    let app = start().await;
    let client = app.client().with_header("origin", PAGE);
    for (path, status) in [
        ("users/", 401),
        ("nowhere/", 404),
        ("auth/login/", 405),
        ("home/highlights/", 200),
    ] {
        let answer = client.get(path).await;
        answer.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), PAGE, "{path}");
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            "true",
            "{path}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn the_allowed_origins_are_a_setting() {
    let app = start_with(&[(
        "CORS_ALLOWED_ORIGINS",
        "https://app.example.org/, https://b.example",
    )])
    .await;
    for (origin, allowed) in [
        ("https://app.example.org", true),
        ("https://b.example", true),
        (PAGE, false),
    ] {
        let answer = app.client().with_header("origin", origin).get("health/").await;
        assert_eq!(
            answer.header("access-control-allow-origin") == origin,
            allowed,
            "{origin}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_understand_it() {
    let app = start().await;
    for encoding in ["gzip", "br"] {
        let answer = app
            .client()
            .with_header("accept-encoding", encoding)
            .get("/api/schema/?format=json")
            .await;
        answer.expect(200);
        assert_eq!(answer.header("content-encoding"), encoding);
        assert!(!answer.text.contains("SelfLink API"));
    }
    let plain = app.client().get("/api/schema/?format=json").await;
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.text.contains("SelfLink API"));
    app.stop().await;
}
