//! Error envelopes, to the byte, and the order of the checks.

use platform::{auth::TokenKind, id::UserId, testing::Client};
use serde_json::json;

use crate::support::{deactivate, execute, start, start_with, user};

/// The body of a 401, which always says how to authenticate.
async fn unauthorized(client: &Client) -> String {
    let answer = client.get("users/me/").await;
    answer.expect(401);
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"api\"");
    answer.text
}

#[tokio::test]
async fn without_credentials() {
    let app = start().await;
    insta::assert_snapshot!(
        unauthorized(&app.client()).await,
        @r#"{"detail":"Authentication credentials were not provided."}"#
    );
    let ann = user(&app).await;
    let token = ann.client.token.expect("is signed in");
    for other in [
        format!("Token {token}"),
        format!("bearer {token}"),
        "Basic YTpi".to_owned(),
        token,
        String::new(),
    ] {
        let answer = unauthorized(&app.client().with_header("authorization", &other)).await;
        assert_eq!(
            answer, r#"{"detail":"Authentication credentials were not provided."}"#,
            "{other}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn malformed_authorization_header() {
    let app = start().await;
    for header in ["Bearer", "Bearer ", "Bearer a b", "Bearer a b c"] {
        let refused = unauthorized(&app.client().with_header("authorization", header)).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(
                refused,
                @r#"{"code":"bad_authorization_header","detail":"Authorization header must contain two space-delimited values"}"#
            );
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn tokens_that_are_none_of_ours() {
    let app = start().await;
    let ann = user(&app).await;
    let token = ann.client.token.clone().expect("is signed in");
    let (head, signature) = token.rsplit_once('.').expect("has three parts");
    let (_, claims) = head.split_once('.').expect("has three parts");
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    for bad in [
        "junk".to_owned(),
        "a.b.c".to_owned(),
        format!("{head}."),
        format!("{head}.{}", signature.chars().rev().collect::<String>()),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        "ü".to_owned(),
    ] {
        let answer = unauthorized(&app.client().with_token(&bad)).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(
                answer,
                @r#"{"code":"token_not_valid","detail":"Given token not valid for any token type","messages":[{"message":"Token is invalid or expired","token_class":"AccessToken","token_type":"access"}]}"#
            );
        }
    }
    insta::assert_snapshot!(
        unauthorized(&app.client().with_token(&ann.refresh)).await,
        @r#"{"code":"token_not_valid","detail":"Given token not valid for any token type","messages":[{"message":"Token has wrong type","token_class":"AccessToken","token_type":"access"}]}"#
    );
    app.stop().await;
}

#[tokio::test]
async fn a_token_ends() {
    let app = start().await;
    let ann = user(&app).await;
    app.advance(chrono::Duration::seconds(15 * 60 - 5));
    ann.client.get("users/me/").await.expect(200);
    app.advance(chrono::Duration::seconds(6));
    assert!(
        unauthorized(&ann.client)
            .await
            .contains("Token is invalid or expired")
    );
    app.stop().await;
}

#[tokio::test]
async fn accounts_that_are_gone_or_deactivated() {
    let app = start().await;
    let ann = user(&app).await;
    deactivate(&app, ann.id).await;
    insta::assert_snapshot!(
        unauthorized(&ann.client).await,
        @r#"{"code":"user_inactive","detail":"User is inactive"}"#
    );
    execute(&app, &format!("DELETE FROM users WHERE id = {}", ann.id)).await;
    insta::assert_snapshot!(
        unauthorized(&ann.client).await,
        @r#"{"code":"user_not_found","detail":"User not found"}"#
    );
    let now = app.app.clock().now();
    let (stranger, _) = app
        .app
        .tokens()
        .issue(TokenKind::Access, UserId(7), 8, now)
        .expect("is made");
    assert!(
        unauthorized(&app.client().with_token(&stranger))
            .await
            .contains("user_not_found")
    );
    app.stop().await;
}

#[tokio::test]
async fn a_bad_token_fails_on_public_endpoints_but_not_where_one_signs_in() {
    let app = start().await;
    let ann = user(&app).await;
    let stale = app.client().with_token("stale");
    stale.get("home/highlights/").await.expect(401);
    let credentials = json!({ "email": ann.email, "password": crate::support::PASSWORD });
    stale.post("auth/login/", &credentials).await.expect(200);
    stale
        .post("auth/refresh/", &json!({ "refresh": ann.refresh }))
        .await
        .expect(200);
    let body = json!({ "email": "new@example.com", "password": "long enough", "name": "New" });
    stale.post("auth/register/", &body).await.expect(201);
    app.stop().await;
}

#[tokio::test]
async fn what_is_not_there() {
    let app = start().await;
    let ann = user(&app).await;
    for path in [
        "users/abc/",
        "users/1x/",
        "users/1.0/",
        "users/%00/",
        "users/%ff/",
        "nowhere/",
        "users/1/nothing/",
        "users//",
    ] {
        assert_eq!(
            ann.client.get(path).await.text,
            r#"{"detail":"Not found."}"#,
            "{path}"
        );
        ann.client.get(path).await.expect(404);
    }
    for path in [
        "users/1/",
        "users/-5/",
        "users/99999999999999999999999/",
        "users/1/followers/",
        "users/0/following/",
    ] {
        assert_eq!(
            ann.client.get(path).await.text,
            r#"{"detail":"No User matches the given query."}"#,
            "{path}"
        );
        ann.client.get(path).await.expect(404);
    }
    assert_eq!(
        ann.client.get("users/?cursor=zzz").await.text,
        r#"{"detail":"Invalid cursor"}"#
    );
    app.stop().await;
}

#[tokio::test]
async fn methods_that_a_path_does_not_have() {
    let app = start().await;
    let ann = user(&app).await;
    let refused = ann.client.delete("users/me/").await;
    refused.expect(405);
    assert_eq!(refused.text, r#"{"detail":"Method \"DELETE\" not allowed."}"#);
    let allowed: Vec<&str> = refused.header("allow").split(',').map(str::trim).collect();
    assert!(
        allowed.contains(&"GET") && allowed.contains(&"PATCH") && !allowed.contains(&"DELETE"),
        "{allowed:?}"
    );
    for (method, path) in [
        ("PUT", "users/me/"),
        ("POST", "users/"),
        ("PATCH", "users/7/"),
        ("GET", "users/7/follow/"),
        ("POST", ""),
        ("POST", "home/highlights/"),
        ("DELETE", "health/"),
    ] {
        let answer = ann.client.call(method, path).await;
        assert_eq!(
            answer.expect(405),
            json!({ "detail": format!("Method \"{method}\" not allowed.") })
        );
        assert!(!answer.header("allow").is_empty(), "{method} {path}");
    }
    let answer = app.client().get("auth/login/").await;
    assert_eq!(
        (answer.expect(405)["detail"].as_str(), answer.header("allow")),
        (Some("Method \"GET\" not allowed."), "POST")
    );
    app.stop().await;
}

#[tokio::test]
async fn authentication_comes_before_405_and_405_before_the_body() {
    let app = start().await;
    app.client().delete("users/me/").await.expect(401);
    app.client()
        .with_token("junk")
        .delete("home/highlights/")
        .await
        .expect(401);
    let ann = user(&app).await;
    ann.client
        .send("PUT", "users/me/", "text/plain", "x")
        .await
        .expect(405);
    app.stop().await;
}

#[tokio::test]
async fn a_throttle_comes_before_405_and_before_the_body() {
    let app = start_with(&[("THROTTLE_USER_RATE", "1/hour")]).await;
    let client = app.client();
    client.get("home/highlights/").await.expect(200);
    client
        .send("POST", "auth/login/", "application/json", "{")
        .await
        .expect(429);
    client.get("auth/login/").await.expect(429);
    client.get("users/me/").await.expect(401);
    app.stop().await;
}

#[tokio::test]
async fn messages_are_english_json_whatever_is_accepted() {
    let app = start().await;
    let client = app.client().with_header("accept-language", "ka-GE");
    for accept in ["*/*", "application/json", "text/html", "nonsense"] {
        let answer = client.with_header("accept", accept).get("users/me/").await;
        assert_eq!(answer.header("content-type"), "application/json", "{accept}");
        assert_eq!(
            answer.expect(401)["detail"],
            "Authentication credentials were not provided."
        );
    }
    app.stop().await;
}
