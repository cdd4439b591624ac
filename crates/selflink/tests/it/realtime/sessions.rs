//! Connections end with the session that they were opened in.

use std::time::Duration;

use identity::UserChanged;
use platform::id::UserId;
use realtime::Change;
use serde_json::{Value, json};

use super::{Socket, another_session, tell};
use crate::support::{PASSWORD, TestUser, deactivate, eventually, start, start_with, user};

#[tokio::test]
async fn the_end_of_a_session_ends_its_connections_at_once_and_no_others() {
    let app = start().await;
    let ann = user(&app).await;
    let other = TestUser {
        client: another_session(&app, &ann).await,
        handle: ann.handle.clone(),
        email: ann.email.clone(),
        refresh: String::new(),
        id: ann.id,
    };
    let (mut ending, mut staying) = (Socket::open(&app, &ann).await, Socket::open(&app, &other).await);
    let body = json!({ "refresh": ann.refresh });
    let answer = ann.client.post("auth/logout/", &body).await;
    assert!(answer.status < 300, "{}", answer.text);
    let (code, reason, frames) = ending.closed().await;
    assert_eq!((code, reason.as_str()), (4401, "Unauthorized"));
    assert_eq!(frames.last().expect("says why")["status"], 401);
    let token = ann.client.token.as_deref().expect("has one");
    assert_eq!(
        Socket::dial(&app, &format!("token={token}"))
            .await
            .closed()
            .await
            .0,
        4401
    );
    tell(&app, 1, &[&ann]).await;
    assert_eq!(staying.events(1).await, [1]);
    app.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_the_connections_of_other_sessions() {
    let app = start().await;
    let ann = user(&app).await;
    let other = another_session(&app, &ann).await;
    let token = other.token.as_deref().expect("has one");
    let mut ending = Socket::dial(&app, &format!("token={token}")).await;
    assert_eq!(ending.next().await["message"], "connected");
    let body = json!({ "current_password": PASSWORD, "new_password": "An0ther-Passphrase-78" });
    let answer = ann.client.post("auth/password/change/", &body).await;
    assert!(answer.status < 300, "{}", answer.text);
    assert_eq!(ending.closed().await.0, 4401);
    app.stop().await;
}

#[tokio::test]
async fn a_deactivated_account_is_cut_off() {
    let app = start().await;
    let ann = user(&app).await;
    let mut socket = Socket::open(&app, &ann).await;
    deactivate(&app, ann.id).await;
    let changed = UserChanged {
        user_id: UserId(ann.id),
    };
    let changed = &changed;
    let written = app.app.db().write(|tx| async move { tx.append(changed).await });
    written.await.expect("is written");
    let (code, _, frames) = socket.closed().await;
    assert_eq!((code, &frames[0]["status"]), (4403, &json!(403)));
    app.stop().await;
}

#[tokio::test]
async fn a_token_that_runs_out_ends_a_connection_only_where_that_is_wanted() {
    for (setting, ends) in [("false", false), ("true", true)] {
        let app = start_with(&[("REALTIME_CLOSE_EXPIRED", setting)]).await;
        let ann = user(&app).await;
        let now = app.app.clock().now();
        let made = now - chrono::Duration::minutes(15) + chrono::Duration::milliseconds(2500);
        let kind = platform::auth::TokenKind::Access;
        let session: i64 = crate::support::value(&app, "SELECT id FROM sessions").await;
        let issued = app.app.tokens().issue(kind, UserId(ann.id), session, made);
        let (token, _) = issued.expect("is made");
        let mut socket = Socket::dial(&app, &format!("token={token}")).await;
        assert_eq!(socket.next().await["message"], "connected");
        if ends {
            let (code, reason, frames) = socket.closed().await;
            assert_eq!((code, frames), (4401, vec![]));
            assert!(!reason.to_lowercase().contains("expired"), "{reason}");
        } else {
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert_eq!(socket.settle().await, Vec::<Value>::new());
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn others_learn_who_comes_and_goes() {
    let app = start().await;
    let (ann, bob) = (UserId(user(&app).await.id), user(&app).await);
    let mut changes = realtime::changes(&app.app).expect("there is a gateway");
    let id = UserId(bob.id);
    let (first, second) = (Socket::open(&app, &bob).await, Socket::open(&app, &bob).await);
    assert!(realtime::is_connected(&app.app, id) && !realtime::is_connected(&app.app, ann));
    assert_eq!(realtime::connected(&app.app), [id]);
    assert_eq!(changes.recv().await, Ok(Change::Came(id)));
    drop(first);
    drop(second);
    assert_eq!(changes.recv().await, Ok(Change::Left(id)));
    eventually("nobody is left", async || {
        realtime::connected(&app.app).is_empty().then_some(())
    })
    .await;
    app.stop().await;
}
