//! The refresh of tokens: rotation, reuse, grace, expiry.

use chrono::Duration;
use platform::testing::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::{PASSWORD, deactivate, start, user, value};

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.client()
        .post("auth/refresh/", &json!({ "refresh": token }))
        .await
}

/// The new pair: access and refresh token.
async fn refreshed(app: &TestApp, token: &str) -> (String, String) {
    let answer = refresh(app, token).await.expect(200);
    let text = |name: &str| answer[name].as_str().expect("is a text").to_owned();
    assert_eq!(answer["message"], "Token refreshed.");
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(3));
    (text("token"), text("refreshToken"))
}

async fn is_accepted(app: &TestApp, access: &str) -> bool {
    app.client().with_token(access).get("users/me/").await.status == 200
}

fn blacklisted() -> Value {
    json!({ "detail": "Token is blacklisted", "code": "token_not_valid" })
}

#[tokio::test]
async fn a_chain_of_refreshes() {
    let app = start().await;
    let ann = user(&app).await;
    let (mut token, mut access) = (ann.refresh.clone(), String::new());
    for _ in 0..5 {
        let (new_access, new_token) = refreshed(&app, &token).await;
        assert!(new_token != token && new_access != access);
        assert!(is_accepted(&app, &new_access).await);
        (access, token) = (new_access, new_token);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_used_token_that_comes_again_ends_the_session_at_once() {
    let app = start().await;
    let ann = user(&app).await;
    let other = app
        .client()
        .post(
            "auth/login/",
            &json!({ "email": ann.email, "password": PASSWORD }),
        )
        .await
        .expect(200);
    let (_, second) = refreshed(&app, &ann.refresh).await;
    let (access, third) = refreshed(&app, &second).await;
    assert!(is_accepted(&app, &access).await);
    // The successor has been used, so there is no grace.
    let stolen = refresh(&app, &ann.refresh).await;
    assert_eq!(stolen.expect(401), blacklisted());
    assert_eq!(stolen.header("www-authenticate"), "Bearer realm=\"api\"");
    assert!(!is_accepted(&app, &access).await);
    assert_eq!(refresh(&app, &third).await.expect(401), blacklisted());
    // Other sign-ins of the account go on.
    let other = other["refreshToken"].as_str().expect("is a text").to_owned();
    assert!(is_accepted(&app, &refreshed(&app, &other).await.0).await);
    app.stop().await;
}

#[tokio::test]
async fn a_client_that_lost_the_answer_may_repeat_within_a_minute() {
    let app = start().await;
    let ann = user(&app).await;
    let lost = refreshed(&app, &ann.refresh).await;
    app.advance(Duration::seconds(55));
    let (access, token) = refreshed(&app, &ann.refresh).await;
    assert!(is_accepted(&app, &access).await);
    let (access, _) = refreshed(&app, &token).await;
    assert!(is_accepted(&app, &access).await);
    // The answer that was lost and is found by somebody else.
    assert_eq!(refresh(&app, &lost.1).await.expect(401), blacklisted());
    assert!(!is_accepted(&app, &access).await);
    app.stop().await;
}

#[tokio::test]
async fn the_grace_ends_after_a_minute() {
    let app = start().await;
    let ann = user(&app).await;
    let (access, _) = refreshed(&app, &ann.refresh).await;
    app.advance(Duration::seconds(61));
    assert_eq!(refresh(&app, &ann.refresh).await.expect(401), blacklisted());
    assert!(!is_accepted(&app, &access).await);
    app.stop().await;
}

#[tokio::test]
async fn repetitions_do_not_prolong_the_grace() {
    let app = start().await;
    let ann = user(&app).await;
    refreshed(&app, &ann.refresh).await;
    app.advance(Duration::seconds(40));
    refreshed(&app, &ann.refresh).await;
    app.advance(Duration::seconds(25));
    refresh(&app, &ann.refresh).await.expect(401);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_refreshes_of_one_token_at_once_agree_on_one_successor() {
    let app = start().await;
    let ann = user(&app).await;
    let attempts = (0..10).map(|_| refresh(&app, &ann.refresh));
    let answers = futures::future::join_all(attempts).await;
    let mut successors = Vec::new();
    for answer in &answers {
        assert_eq!(
            answer.status, 200,
            "a repetition within the grace: {}",
            answer.text
        );
        successors.push(
            answer.json()["refreshToken"]
                .as_str()
                .expect("is a text")
                .to_owned(),
        );
    }
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 10);
    let current: String = value(
        &app,
        &format!("SELECT refresh_jti FROM sessions WHERE user_id = {}", ann.id),
    )
    .await;
    let now = app.app.clock().now();
    let is_current = |token: &&String| {
        let claims = app
            .app
            .tokens()
            .verify(token, platform::auth::TokenKind::Refresh, now);
        claims.expect("is ours").jti == current
    };
    // Exactly one lives on; what any other does is a reuse.
    let (live, dead): (Vec<_>, Vec<_>) = successors.iter().partition(is_current);
    assert_eq!((live.len(), dead.len()), (1, 9));
    let (access, next) = refreshed(&app, live[0]).await;
    assert!(is_accepted(&app, &access).await);
    assert_eq!(refresh(&app, dead[0]).await.expect(401), blacklisted());
    assert_eq!(refresh(&app, &next).await.expect(401), blacklisted());
    app.stop().await;
}

#[tokio::test]
async fn a_refresh_token_lives_for_a_week_from_its_own_making() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    app.advance(Duration::days(6));
    let (_, token) = refreshed(&app, &ann.refresh).await;
    app.advance(Duration::days(2));
    assert_eq!(
        refresh(&app, &bob.refresh).await.expect(401),
        json!({ "detail": "Token is invalid or expired", "code": "token_not_valid" })
    );
    app.advance(Duration::days(4));
    refreshed(&app, &token).await;
    app.stop().await;
}

#[tokio::test]
async fn tokens_that_cannot_be_exchanged() {
    let app = start().await;
    let ann = user(&app).await;
    let access = ann.client.token.clone().expect("is signed in");
    assert_eq!(
        refresh(&app, &access).await.expect(401),
        json!({ "detail": "Token has wrong type", "code": "token_not_valid" })
    );
    for junk in ["junk", "a.b.c", &format!("{}x", ann.refresh), "1"] {
        assert_eq!(
            refresh(&app, junk).await.expect(401),
            json!({ "detail": "Token is invalid or expired", "code": "token_not_valid" })
        );
    }
    for (body, message) in [
        (json!({}), "This field is required."),
        (json!({ "refresh": "" }), "This field may not be blank."),
        (json!({ "refresh": null }), "This field may not be null."),
        (json!({ "refresh": [ann.refresh] }), "Not a valid string."),
    ] {
        assert_eq!(
            app.client().post("auth/refresh/", &body).await.expect(400),
            json!({ "refresh": [message] })
        );
    }
    refreshed(&app, &ann.refresh).await;
    app.stop().await;
}

#[tokio::test]
async fn a_deactivated_account_gets_no_new_tokens() {
    let app = start().await;
    let ann = user(&app).await;
    deactivate(&app, ann.id).await;
    assert_eq!(
        refresh(&app, &ann.refresh).await.expect(401),
        json!({ "detail": "Token is invalid or expired", "code": "token_not_valid" })
    );
    ann.client.get("users/me/").await.expect(401);
    app.stop().await;
}
