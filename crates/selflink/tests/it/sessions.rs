//! One's own sessions: the list, ending them, signing out.

use std::sync::Mutex;

use futures::FutureExt as _;
use identity::SessionsEnded;
use platform::{
    Domain,
    outbox::{DomainEvent as _, Subscription},
    testing::TestApp,
};
use serde_json::json;

use crate::support::{PASSWORD, eventually, start, user, value};

#[tokio::test]
async fn the_list_shows_where_one_is_signed_in() {
    let app = start().await;
    let ann = user(&app).await;
    let credentials = json!({ "email": ann.email, "password": PASSWORD });
    let phone = app
        .client()
        .with_header("user-agent", "Phone/1.0")
        .with_header("x-forwarded-for", "203.0.113.9");
    let phone = phone.post("auth/login/", &credentials).await.expect(200);
    let phone = app.client().with_token(phone["token"].as_str().expect("a token"));
    let list = phone.get("me/sessions/").await.expect(200);
    let sessions = list.as_array().expect("is an array");
    assert_eq!(sessions.len(), 2);
    let mut keys: Vec<_> = sessions[0].as_object().expect("is an object").keys().collect();
    keys.sort();
    let all = [
        "address",
        "created_at",
        "expires_at",
        "id",
        "is_current",
        "last_used_at",
        "user_agent",
    ];
    assert_eq!(keys, all);
    assert_eq!(
        (
            &sessions[0]["user_agent"],
            &sessions[0]["address"],
            &sessions[0]["is_current"]
        ),
        (&json!("Phone/1.0"), &json!("203.0.113.9"), &json!(true))
    );
    assert_eq!(sessions[1]["is_current"], json!(false));
    app.stop().await;
}

#[tokio::test]
async fn an_ended_session_is_refused_at_once_with_its_refresh_token() {
    let app = start().await;
    let ann = user(&app).await;
    let credentials = json!({ "email": ann.email, "password": PASSWORD });
    let other = app.client().post("auth/login/", &credentials).await.expect(200);
    let client = app.client().with_token(other["token"].as_str().expect("a token"));
    let list = client.get("me/sessions/").await.expect(200);
    let current = list
        .as_array()
        .expect("is an array")
        .iter()
        .find(|session| session["is_current"] == true);
    let id = current.expect("is in the list")["id"].as_i64().expect("a number");
    assert_eq!(ann.client.delete(&format!("me/sessions/{id}/")).await.status, 204);
    assert_eq!(
        client.get("users/me/").await.expect(401)["code"],
        "token_not_valid"
    );
    let refresh = json!({ "refresh": other["refreshToken"] });
    let refused = app.client().post("auth/refresh/", &refresh).await.expect(401);
    assert_eq!(
        refused,
        json!({ "detail": "Token is blacklisted", "code": "token_not_valid" })
    );
    let again = ann.client.delete(&format!("me/sessions/{id}/")).await.expect(404);
    assert_eq!(again, json!({ "detail": "No Session matches the given query." }));
    ann.client.get("users/me/").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn sessions_of_others_do_not_exist() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let list = ann.client.get("me/sessions/").await.expect(200);
    let id = list[0]["id"].as_i64().expect("a number");
    bob.client.delete(&format!("me/sessions/{id}/")).await.expect(404);
    ann.client.get("users/me/").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn all_others_end_together() {
    let app = start().await;
    let ann = user(&app).await;
    let credentials = json!({ "email": ann.email, "password": PASSWORD });
    let mut others = Vec::new();
    for _ in 0..3 {
        let signed_in = app.client().post("auth/login/", &credentials).await.expect(200);
        others.push(
            app.client()
                .with_token(signed_in["token"].as_str().expect("a token")),
        );
    }
    assert_eq!(
        ann.client.delete("me/sessions/").await.expect(200),
        json!({ "ended": 3 })
    );
    for other in &others {
        other.get("users/me/").await.expect(401);
    }
    assert_eq!(
        ann.client.delete("me/sessions/").await.expect(200),
        json!({ "ended": 0 })
    );
    assert_eq!(
        ann.client
            .get("me/sessions/")
            .await
            .expect(200)
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    app.stop().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_and_no_other() {
    let app = start().await;
    let ann = user(&app).await;
    let credentials = json!({ "email": ann.email, "password": PASSWORD });
    app.client().post("auth/login/", &credentials).await.expect(200);
    assert_eq!(ann.client.call("POST", "auth/logout/").await.status, 204);
    ann.client.get("users/me/").await.expect(401);
    ann.client.call("POST", "auth/logout/").await.expect(401);
    let left = "SELECT count(*) FROM sessions WHERE revoked_at IS NULL";
    assert_eq!(value::<i64>(&app, left).await, 1);
    app.stop().await;
}

/// What a subscriber was told, by user: tests share the process.
static TOLD: Mutex<Vec<SessionsEnded>> = Mutex::new(Vec::new());

fn listener() -> Domain {
    Domain {
        name: "listener",
        settings: Vec::new(),
        routes: Vec::new,
        migrations: Vec::new,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: vec![Subscription {
            event: SessionsEnded::NAME,
            subscriber: "listener",
            handle: |_, event| {
                async move {
                    TOLD.lock().expect("is not poisoned").push(event.read()?);
                    Ok(())
                }
                .boxed()
            },
        }],
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    }
}

#[tokio::test]
async fn whoever_keeps_connections_open_is_told_which_sessions_ended() {
    let mut instance = selflink::instance();
    instance.domains.push(listener());
    let app = TestApp::start(instance).await;
    let ann = user(&app).await;
    let session: i64 = value(&app, "SELECT id FROM sessions").await;
    assert_eq!(ann.client.call("POST", "auth/logout/").await.status, 204);
    let told = eventually("the event", async || {
        let told = TOLD.lock().expect("is not poisoned");
        told.iter().find(|told| told.user_id.0 == ann.id).cloned()
    });
    assert_eq!(told.await.sessions, [session]);
    app.stop().await;
}
