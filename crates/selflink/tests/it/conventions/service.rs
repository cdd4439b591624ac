//! Endpoints of the instance itself.

use serde_json::{Value, json};

use crate::support::{start, start_with, user};

#[tokio::test]
async fn health_asks_nothing() {
    let app = start_with(&[("THROTTLE_IP_RATE", "1/day")]).await;
    for _ in 0..3 {
        for path in ["/health", "health/", "health"] {
            assert_eq!(
                app.client().get(path).await.expect(200),
                json!({ "status": "ok" })
            );
        }
        app.client().with_token("junk").get("health/").await.expect(200);
    }
    app.stop().await;
}

#[tokio::test]
async fn readiness_names_what_it_asked() {
    let app = start().await;
    let ready = app.client().get("/health/ready").await.expect(200);
    let mut checks = json!({ "database": "ok", "storage": "ok" });
    if platform::testing::is_postgres() {
        checks["redis"] = json!("ok");
    }
    assert_eq!(ready, json!({ "status": "ok", "checks": checks }));
    app.stop().await;
}

#[tokio::test]
async fn an_instance_without_redis_is_not_ready_but_alive() {
    let app = start_with(&[("REDIS_URL", "redis://127.0.0.1:1/0")]).await;
    let ready = app.client().get("/health/ready").await.expect(503);
    assert_eq!(
        (
            &ready["status"],
            &ready["checks"]["redis"],
            &ready["checks"]["database"]
        ),
        (&json!("unavailable"), &json!("unavailable"), &json!("ok"))
    );
    app.client().get("/health").await.expect(200);
    user(&app).await;
    app.stop().await;
}

#[tokio::test]
async fn metrics_without_a_token_are_for_this_machine_and_private_networks() {
    let app = start().await;
    app.client().get("home/highlights/").await.expect(200);
    let metrics = app.client().get("/metrics").await;
    metrics.expect(200);
    assert!(metrics.header("content-type").starts_with("text/plain; version="));
    for name in [
        "selflink_http_request_seconds",
        "selflink_outbox_waiting",
        "selflink_jobs",
        "route=\"/api/v1/home/highlights/\"",
    ] {
        assert!(metrics.text.contains(name), "{name}");
    }
    // A proxy on this machine forwards strangers.
    let forwarded = app
        .client()
        .with_header("x-forwarded-for", "203.0.113.9")
        .get("/metrics")
        .await;
    assert_eq!(
        forwarded.expect(403),
        json!({ "detail": "You do not have permission to perform this action." })
    );
    app.stop().await;
}

#[tokio::test]
async fn metrics_with_a_token_are_for_whoever_has_it() {
    let app = start_with(&[("METRICS_TOKEN", "let-me-see")]).await;
    let metrics = async |header: &str| {
        app.client()
            .with_header("authorization", header)
            .get("/metrics")
            .await
            .status
    };
    app.client().get("/metrics").await.expect(403);
    for wrong in [
        "Bearer let-me-se",
        "Bearer let-me-seee",
        "let-me-see",
        "bearer let-me-see",
        "Bearer ",
    ] {
        assert_eq!(metrics(wrong).await, 403, "{wrong}");
    }
    assert_eq!(metrics("Bearer let-me-see").await, 200);
    app.stop().await;
}

#[tokio::test]
async fn metrics_count_by_route_and_not_by_path() {
    let app = start().await;
    let ann = user(&app).await;
    ann.client.get(&format!("users/{}/", ann.id)).await.expect(200);
    ann.client.get("nowhere/secret-name/").await.expect(404);
    let metrics = app.client().get("/metrics").await.text;
    assert!(metrics.contains("route=\"/api/v1/users/{id}/\"") && metrics.contains("route=\"unmatched\""));
    assert!(
        !metrics.contains(&ann.id.to_string())
            && !metrics.contains("secret-name")
            && !metrics.contains(&ann.email)
    );
    app.stop().await;
}

#[tokio::test]
async fn the_schema_describes_every_route() {
    let app = start().await;
    let yaml = app.client().get("/api/schema/").await;
    yaml.expect(200);
    assert!(
        yaml.header("content-type")
            .starts_with("application/vnd.oai.openapi")
    );
    assert!(yaml.text.starts_with("openapi:"), "{}", &yaml.text[..100]);
    let json = app.client().get("/api/schema/?format=json").await;
    assert_eq!(json.header("content-type"), "application/json");
    let accepted = app
        .client()
        .with_header("accept", "application/json")
        .get("/api/schema/")
        .await;
    assert_eq!(accepted.json(), json.json());
    let schema = json.expect(200);
    assert!(
        schema["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3."))
    );
    assert_eq!(
        (&schema["info"]["title"], &schema["info"]["version"]),
        (&json!("SelfLink API"), &json!("0.1.0"))
    );
    let paths = schema["paths"].as_object().expect("has paths");
    for path in paths.keys() {
        assert!(
            yaml.text.contains(&format!("{path}:")),
            "{path} is missing in the YAML form"
        );
        // What the schema names exists: whatever the answer, it is not that of an unknown path.
        let concrete = path.replace("{id}", "1");
        let answer = app.client().call("OPTIONS", &concrete).await;
        assert_ne!(answer.status, 404, "{path}");
    }
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("has methods") {
            assert!(operation["responses"].is_object(), "{method} {path}");
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{method} {path} says nothing"
            );
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn the_schema_need_not_be_loaded_twice() {
    let app = start().await;
    for path in ["/api/schema/", "/api/schema/?format=json"] {
        let first = app.client().get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 10, "{tag}");
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"other\", {tag}"),
            "*".to_owned(),
        ] {
            let again = app.client().with_header("if-none-match", &known).get(path).await;
            assert_eq!(
                (again.status, again.text.as_str(), again.header("etag")),
                (304, "", tag.as_str()),
                "{known}"
            );
        }
        app.client()
            .with_header("if-none-match", "\"other\"")
            .get(path)
            .await
            .expect(200);
    }
    app.stop().await;
}

/// The values of `src` and `href` in a page.
fn references(html: &str) -> Vec<&str> {
    let parts = html.split("src=\"").skip(1).chain(html.split("href=\"").skip(1));
    parts.filter_map(|part| part.split('"').next()).collect()
}

#[tokio::test]
async fn the_documentation_needs_no_other_server() {
    let app = start().await;
    let page = app.client().get("/api/docs/").await;
    page.expect(200);
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{}",
        page.header("content-type")
    );
    let files = references(&page.text);
    assert!(
        files.iter().any(|file| file.ends_with(".js")) && files.iter().any(|file| file.ends_with(".css")),
        "{files:?}"
    );
    for file in files {
        assert!(
            !file.contains("://") && !file.starts_with("//"),
            "{file} is on another server"
        );
        let path = format!("/api/docs/{}", file.trim_start_matches("./"));
        let answer = app.client().get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        if file.contains("initializer") {
            assert!(
                answer.text.contains("/api/schema/?format=json") && !answer.text.contains("://"),
                "{}",
                answer.text
            );
        }
    }
    app.client().get("/api/docs").await.expect(200);
    app.client().get("/api/docs/nothing.js").await.expect(404);
    app.stop().await;
}

#[tokio::test]
async fn highlights_have_texts_in_every_leaf() {
    let app = start().await;
    let highlights = app.client().get("home/highlights/").await.expect(200);
    let paths: Vec<&str> = highlights["features"]
        .as_array()
        .expect("is a list")
        .iter()
        .filter_map(|feature| feature["cta"]["path"].as_str())
        .collect();
    assert_eq!(paths, ["/soul-match", "/mentor", "/growth-path"]);
    fn all_texts(value: &Value) -> bool {
        match value {
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => items.iter().all(all_texts),
            Value::Object(map) => map.values().all(all_texts),
            _ => false,
        }
    }
    assert!(all_texts(&highlights), "{highlights}");
    assert_eq!(highlights["hero"]["primaryCta"]["path"], "/register");
    assert_eq!(highlights["hero"]["secondaryCta"]["path"], "/mentor");
    app.stop().await;
}
