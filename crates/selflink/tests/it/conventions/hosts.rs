//! Under which names the instance answers, and which it gives in links.

use serde_json::json;

use crate::support::{start, start_with, user};

#[tokio::test]
async fn other_host_names_are_refused_but_probes_go_by_address() {
    let app = start_with(&[("ALLOWED_HOSTS", "api.example.org, .example.net")]).await;
    let at = |host: &str| app.client().with_header("host", host);
    for host in [
        "api.example.org",
        "API.Example.org:8000",
        "example.net",
        "a.b.example.net",
    ] {
        at(host).get("home/highlights/").await.expect(200);
    }
    for host in [
        "127.0.0.1",
        "example.org",
        "evilexample.net",
        "api.example.org.evil.example",
        "api.example.org@evil.example",
    ] {
        let refused = at(host).get("home/highlights/").await;
        assert_eq!(
            refused.expect(400),
            json!({ "detail": "This host name is not served here." }),
            "{host}"
        );
        at(host).get("/nowhere").await.expect(400);
        for probe in ["/health", "/health/ready", "/metrics"] {
            at(host).get(probe).await.expect(200);
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn links_have_the_host_and_scheme_of_the_request() {
    let app = start().await;
    let ann = user(&app).await;
    let client = ann
        .client
        .with_header("host", "api.example.org:8443")
        .with_header("x-forwarded-host", "evil.example");
    let users = async |client: &platform::testing::Client| client.get("").await.expect(200)["users"].clone();
    assert_eq!(users(&client).await, "http://api.example.org:8443/api/v1/users/");
    let secure = client.with_header("x-forwarded-proto", "https");
    assert_eq!(users(&secure).await, "https://api.example.org:8443/api/v1/users/");
    let odd = client.with_header("x-forwarded-proto", "javascript");
    assert_eq!(users(&odd).await, "http://api.example.org:8443/api/v1/users/");
    user(&app).await;
    let page = secure.get("users/?page_size=1").await.expect(200);
    assert!(
        page["next"]
            .as_str()
            .is_some_and(|next| next.starts_with("https://api.example.org:8443/api/v1/users/?cursor=")),
        "{page}"
    );
    app.stop().await;
}

#[tokio::test]
async fn forwarding_is_believed_only_of_trusted_proxies() {
    let app = start_with(&[("TRUSTED_PROXIES", "10.0.0.0/8")]).await;
    let ann = user(&app).await;
    let client = ann
        .client
        .with_header("x-forwarded-proto", "https")
        .with_header("host", "h.example");
    assert_eq!(
        client.get("").await.expect(200)["users"],
        "http://h.example/api/v1/users/"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_public_base_url_stands_in_every_link() {
    let app = start_with(&[("PUBLIC_BASE_URL", "https://social.example.org/")]).await;
    let (ann, _) = (user(&app).await, user(&app).await);
    let client = ann.client.with_header("host", "inner:8000");
    assert_eq!(
        client.get("").await.expect(200)["devices"],
        "https://social.example.org/api/v1/devices/"
    );
    let first = client.get("users/?page_size=1").await.expect(200);
    let next = first["next"].as_str().expect("has a further page");
    assert!(
        next.starts_with("https://social.example.org/api/v1/users/?cursor="),
        "{next}"
    );
    let (_, query) = next.split_once('?').expect("has a query");
    let second = client.get(&format!("users/?{query}")).await.expect(200);
    assert!(
        second["previous"]
            .as_str()
            .is_some_and(|link| link.starts_with("https://social.example.org/")),
        "{second}"
    );
    app.stop().await;
}
