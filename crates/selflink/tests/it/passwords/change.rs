//! Changing one's own password.

use platform::testing::{Answer, TestApp};
use serde_json::json;

use crate::{
    mails::post::{self, CHANGED, mail, reset_token, sign_in, useless_token},
    support::{PASSWORD, TestUser, execute, start, user},
};

const NEW: &str = "An0ther-Passphrase";

async fn change(user: &TestUser, current: &str, new: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": new });
    user.client.post("auth/password/change/", &body).await
}

/// A further session of a user.
async fn session(app: &TestApp, user: &TestUser) -> platform::testing::Client {
    let credentials = json!({ "email": user.email, "password": PASSWORD });
    let answer = app.client().post("auth/login/", &credentials).await.expect(200);
    app.client()
        .with_token(answer["token"].as_str().expect("is a text"))
}

#[tokio::test]
async fn the_other_sessions_end_and_the_owner_is_told() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    let other = session(&app, &ann).await;
    let answer = change(&ann, PASSWORD, NEW).await.expect(200);
    assert_eq!(
        answer,
        json!({ "message": "Password changed. Your other sessions were ended." })
    );
    other.get("users/me/").await.expect(401);
    ann.client.get("users/me/").await.expect(200);
    assert_eq!(sign_in(&app, &ann.email, PASSWORD).await, 400);
    assert_eq!(sign_in(&app, &ann.email, NEW).await, 200);
    let notice = mail(&server, &ann.email, CHANGED).await;
    assert!(!notice.raw.contains(NEW) && !notice.raw.contains(PASSWORD));
    app.stop().await;
}

#[tokio::test]
async fn the_current_password_has_to_be_right_and_the_new_one_long() {
    let app = start().await;
    let ann = user(&app).await;
    let other = session(&app, &ann).await;
    assert_eq!(
        change(&ann, "wrong-password", NEW).await.expect(400),
        json!({ "current_password": ["The password is not right."] })
    );
    assert_eq!(
        change(&ann, PASSWORD, "short").await.expect(400),
        json!({ "new_password": ["Ensure this field has at least 8 characters."] })
    );
    assert_eq!(
        ann.client
            .post("auth/password/change/", &json!({}))
            .await
            .expect(400),
        json!({ "current_password": ["This field is required."], "new_password": ["This field is required."] })
    );
    // Nothing has changed.
    other.get("users/me/").await.expect(200);
    assert_eq!(sign_in(&app, &ann.email, PASSWORD).await, 200);
    // An account that signs in through a provider has no password to give.
    execute(&app, "UPDATE users SET password = '!'").await;
    change(&ann, "!", NEW).await.expect(400);
    app.stop().await;
}

#[tokio::test]
async fn of_two_changes_at_once_one_counts() {
    let app = start().await;
    let ann = user(&app).await;
    let (first, second) = tokio::join!(
        change(&ann, PASSWORD, "First-Passphrase"),
        change(&ann, PASSWORD, "Second-Passphrase")
    );
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{} {}", first.text, second.text);
    let winner = if first.status == 200 {
        "First-Passphrase"
    } else {
        "Second-Passphrase"
    };
    assert_eq!(sign_in(&app, &ann.email, winner).await, 200);
    app.stop().await;
}

#[tokio::test]
async fn mails_for_a_new_password_are_taken_back() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    let token = reset_token(&app, &server, &ann, 1).await;
    change(&ann, PASSWORD, NEW).await.expect(200);
    let body = json!({ "token": token, "new_password": "Third-Passphrase" });
    let answer = app.client().post("auth/password/reset/confirm/", &body).await;
    assert_eq!(answer.expect(400), useless_token());
    app.stop().await;
}
