//! What suspensions, bans and restrictions do to an account.

use chrono::Duration;
use futures::future::join_all;
use platform::testing::TestApp;
use serde_json::{Value, json};

use super::{ENFORCE, enforce, lift, post, sign_in};
use crate::support::{TestUser, execute, staff, start, user, value};

/// Suspends or restricts for an hour.
async fn for_an_hour(app: &TestApp, by: &TestUser, action: &str, whom: &TestUser) -> Value {
    let end = (app.app.clock().now() + Duration::hours(1)).to_rfc3339();
    let body = json!({
        "target_type": "user", "target_id": whom.id, "action": action, "reason": "insults", "expires_at": end,
    });
    by.client.post(ENFORCE, &body).await.expect(201)
}

#[tokio::test]
async fn a_suspended_account_is_out_at_once_and_is_told_why() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    let made = for_an_hour(&app, &boss, "suspend", &ann).await;
    ann.client.get("users/me/").await.expect(401);
    app.client().get("users/me/").await.expect(401);
    let refresh = json!({ "refresh": ann.refresh });
    app.client().post("auth/refresh/", &refresh).await.expect(401);
    let refused = sign_in(&app, &ann).await.expect(403);
    assert_eq!(refused["code"], "account_suspended");
    let detail = refused["detail"].as_str().expect("a text");
    assert!(
        detail.starts_with("Your account is suspended until ") && detail.ends_with(" UTC: insults"),
        "{detail}"
    );
    // To others than its owner it is as it always was.
    let wrong = json!({ "email": ann.email, "password": "not this one" });
    assert_eq!(
        app.client().post("auth/login/", &wrong).await.expect(400),
        json!({ "non_field_errors": ["Invalid credentials"] })
    );
    lift(&boss, &made["id"]).await.expect(200);
    sign_in(&app, &ann).await.expect(200);
    ann.client.get("users/me/").await.expect(401);
    app.stop().await;
}

#[tokio::test]
async fn a_suspension_ends_by_itself_and_a_ban_does_not() {
    let app = start().await;
    let (ann, bob, boss) = (user(&app).await, user(&app).await, staff(&app).await);
    let made = for_an_hour(&app, &boss, "suspend", &ann).await;
    enforce(&boss, "ban", ("user", bob.id)).await.expect(201);
    app.advance(Duration::minutes(61));
    sign_in(&app, &ann).await.expect(200);
    let banned = sign_in(&app, &bob).await.expect(403);
    assert_eq!(banned["detail"], "Your account is banned: a reason");
    let boss = signed_in(&app, &boss).await;
    lift(&boss, &made["id"]).await.expect(400);
    app.stop().await;
}

async fn signed_in(app: &TestApp, user: &TestUser) -> TestUser {
    let answer = sign_in(app, user).await.expect(200);
    TestUser {
        id: user.id,
        handle: user.handle.clone(),
        email: user.email.clone(),
        refresh: String::new(),
        client: app
            .client()
            .with_token(answer["token"].as_str().expect("a token")),
    }
}

#[tokio::test]
async fn of_several_the_longest_counts() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    for_an_hour(&app, &boss, "suspend", &ann).await;
    let ban = enforce(&boss, "ban", ("user", ann.id)).await.expect(201);
    let detail = async || sign_in(&app, &ann).await.expect(403)["detail"].to_string();
    assert!(detail().await.contains("banned"));
    lift(&boss, &ban["id"]).await.expect(200);
    assert!(
        detail().await.contains("suspended until"),
        "the other one is still in force"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_token_that_was_left_over_opens_nothing() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    enforce(&boss, "ban", ("user", ann.id)).await.expect(201);
    // As if the end of its session had been missed.
    execute(
        &app,
        &format!("UPDATE sessions SET revoked_at = NULL WHERE user_id = {}", ann.id),
    )
    .await;
    assert_eq!(
        ann.client.get("users/me/").await.expect(401),
        json!({ "detail": "User is suspended", "code": "user_suspended" })
    );
    app.client()
        .post("auth/refresh/", &json!({ "refresh": ann.refresh }))
        .await
        .expect(401);
    app.stop().await;
}

#[tokio::test]
async fn a_restricted_account_reads_and_does_not_write() {
    let app = start().await;
    let (ann, boss) = (user(&app).await, staff(&app).await);
    let id = post(&ann, "before").await;
    let made = for_an_hour(&app, &boss, "restrict", &ann).await;
    let refused = json!({
        "detail": "Moderators have restricted your account: you can read, but not post, comment or send messages.",
        "code": "account_restricted",
    });
    let write = async || {
        [
            ann.client.post("posts/", &json!({ "text": "x" })).await,
            ann.client
                .post("comments/", &json!({ "text": "x", "post": id }))
                .await,
            ann.client
                .patch(&format!("posts/{id}/"), &json!({ "text": "y" }))
                .await,
            ann.client
                .post(&format!("posts/{id}/repost/"), &json!({ "text": "z" }))
                .await,
        ]
    };
    for answer in write().await {
        assert_eq!(answer.expect(403), refused);
    }
    ann.client.get(&format!("posts/{id}/")).await.expect(200);
    ann.client.get("users/me/").await.expect(200);
    sign_in(&app, &ann).await.expect(200);
    lift(&boss, &made["id"]).await.expect(200);
    for answer in write().await {
        assert!(answer.status < 300, "{}", answer.text);
    }
    for_an_hour(&app, &boss, "restrict", &ann).await;
    app.advance(Duration::minutes(61));
    let ann = signed_in(&app, &ann).await;
    ann.client
        .post("posts/", &json!({ "text": "x" }))
        .await
        .expect(201);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_begins_behind_the_back_of_a_ban() {
    let app = start().await;
    let boss = staff(&app).await;
    for _ in 0..3 {
        let ann = user(&app).await;
        let sign_ins = join_all((0..6).map(|_| sign_in(&app, &ann)));
        let (answers, made) = futures::join!(sign_ins, enforce(&boss, "ban", ("user", ann.id)));
        made.expect(201);
        for answer in answers {
            assert!([200, 403].contains(&answer.status), "{}", answer.text);
        }
        let query = format!(
            "SELECT count(*) FROM sessions WHERE user_id = {} AND revoked_at IS NULL",
            ann.id
        );
        assert_eq!(value::<i64>(&app, &query).await, 0);
    }
    app.stop().await;
}
