//! Paths and methods.

use serde_json::json;

use crate::support::{PASSWORD, raw, start, user};

#[tokio::test]
async fn the_final_slash_may_be_missing_whatever_the_method() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    assert_eq!(ann.client.get("users/me").await.expect(200)["id"], json!(ann.id));
    let page = ann.client.get("users?page_size=1").await.expect(200);
    assert!(
        page["next"]
            .as_str()
            .is_some_and(|next| next.contains("/api/v1/users/?cursor=")),
        "{page}"
    );
    ann.client
        .patch("users/me", &json!({ "bio": "slashless" }))
        .await
        .expect(200);
    ann.client
        .post(&format!("users/{}/follow", bob.id), &json!({}))
        .await
        .expect(200);
    ann.client
        .delete(&format!("users/{}/follow", bob.id))
        .await
        .expect(200);
    let credentials = json!({ "email": ann.email, "password": PASSWORD });
    app.client().post("auth/login", &credentials).await.expect(200);
    app.client().get("/api/v1").await.expect(401);
    app.client().get("/api/schema").await.expect(200);
    app.client().get("home/highlights").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn paths_are_case_sensitive_and_double_slashes_are_kept() {
    let app = start().await;
    let ann = user(&app).await;
    for path in [
        "/api/v1/Users/",
        "/API/v1/users/",
        "/api/v1//users/",
        "//api/v1/users/",
        "/api//v1/users/me/",
        "/api/v1/users/me//",
    ] {
        ann.client.get(path).await.expect(404);
    }
    app.stop().await;
}

#[tokio::test]
async fn paths_that_a_client_library_would_not_send() {
    let app = start().await;
    for path in [
        "/api/v1/../v1/health/",
        "/api/v1/./health/",
        "/api/v1/users/%2e%2e/",
        "*",
        "/api/v1/health/;x=1",
        "/%zz/",
    ] {
        let answer = raw(&app, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
        assert!(
            ["HTTP/1.1 400", "HTTP/1.1 404", "HTTP/1.1 401"].contains(&&answer[..12]),
            "{path}: {answer}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let app = start().await;
    let ann = user(&app).await;
    for path in [
        "users/",
        "users/me/",
        "",
        "home/highlights/",
        "health/",
        "/health",
        "/health/ready",
        "/api/schema/",
        "/api/docs/",
    ] {
        let (get, head) = (ann.client.get(path).await, ann.client.call("HEAD", path).await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
    app.client().call("HEAD", "users/").await.expect(401);
    ann.client
        .call("HEAD", &format!("users/{}/follow/", ann.id))
        .await
        .expect(405);
    app.stop().await;
}

#[tokio::test]
async fn options_describe_to_whoever_may_call() {
    let app = start().await;
    let ann = user(&app).await;
    let answer = ann.client.call("OPTIONS", "users/me/").await;
    assert!(answer.expect(200).is_object());
    assert!(
        answer.header("allow").contains("PATCH"),
        "{}",
        answer.header("allow")
    );
    app.client().call("OPTIONS", "users/me/").await.expect(401);
    app.client().call("OPTIONS", "auth/login/").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn the_root_leads_to_the_collections() {
    let app = start().await;
    let ann = user(&app).await;
    assert_eq!(
        ann.client.get("").await.expect(200),
        json!({ "users": format!("{}/api/v1/users/", app.url), "devices": format!("{}/api/v1/devices/", app.url) })
    );
    app.client().get("").await.expect(401);
    app.stop().await;
}
