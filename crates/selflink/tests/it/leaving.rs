//! The copy of one's own data, and the deletion of accounts.

use chrono::Duration;
use futures::future::join_all;
use platform::testing::TestApp;
use serde_json::{Value, json};

use crate::{
    profiles::avatar_of,
    support::{PASSWORD, TestUser, eventually, execute, start, user, user_called, value},
};

async fn export_of(ann: &TestUser) -> Value {
    ann.client.call("POST", "me/export/").await.expect(202);
    let url = eventually("the copy", async || {
        let answer = ann.client.get("me/export/").await.expect(200);
        answer["url"].as_str().map(str::to_owned)
    });
    let download = ann.client.get(&url.await).await;
    assert_eq!(download.headers["cache-control"], "no-store");
    let disposition = download.headers["content-disposition"].to_str().expect("is text");
    assert!(disposition.starts_with("attachment"), "{disposition}");
    download.expect(200)
}

#[tokio::test]
async fn the_copy_holds_what_the_instance_knows_of_oneself_and_nothing_of_others() {
    let app = start().await;
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "bob").await);
    let change = json!({ "birth_date": "1990-02-03", "birth_place": "Kutaisi" });
    ann.client.patch("users/me/", &change).await.expect(200);
    for (one, other, kind) in [
        (&ann, &bob, "follow"),
        (&bob, &ann, "follow"),
        (&ann, &bob, "mute"),
    ] {
        let path = format!("users/{}/{kind}/", other.id);
        one.client.call("POST", &path).await.expect(200);
    }
    let device = json!({ "device_type": "ios", "push_token": "token-of-ann" });
    ann.client.post("devices/", &device).await.expect(201);
    let matching = json!({ "values": ["growth"] });
    ann.client.patch("profile/me/", &matching).await.expect(201);
    let map = json!({ "first_name": "Ann" });
    ann.client.patch("me/profile/", &map).await.expect(200);
    let copy = export_of(&ann).await;
    let own = &copy["identity"];
    assert_eq!(own["matching_profile"][0]["core_values"], json!(["growth"]));
    assert_eq!(own["devices"][0]["push_token"], "token-of-ann");
    assert_eq!(own["personal_map"][0]["first_name"], "Ann");
    let account = &own["account"][0];
    assert_eq!(
        json!([
            account["id"],
            account["email"],
            account["birth_date"],
            account["birth_place"]
        ]),
        json!([ann.id, "ann@example.com", "1990-02-03", "Kutaisi"])
    );
    assert_eq!(own["settings"][0]["push_enabled"], json!(true));
    assert_eq!(own["settings"][0]["quiet_hours"], json!({}));
    for part in ["following", "followers", "mutes"] {
        assert_eq!(own[part][0]["handle"], "bob", "{part}");
    }
    assert_eq!(own["sessions"].as_array().map(Vec::len), Some(1));
    let text = copy.to_string();
    for secret in ["bob@example.com", "argon2", &ann.refresh] {
        assert!(!text.contains(secret), "{secret}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_copy_is_made_once_an_hour_and_kept_for_a_week() {
    let app = start().await;
    let ann = user(&app).await;
    let none = ann.client.get("me/export/").await.expect(200);
    assert_eq!(
        none,
        json!({ "status": "none", "requested_at": null, "ready_at": null, "expires_at": null, "url": null })
    );
    ann.client.get("me/export/download/").await.expect(404);
    let first = export_of(&ann).await["requested_at"].clone();
    assert_eq!(export_of(&ann).await["requested_at"], first);
    app.advance(Duration::minutes(61));
    let ann = signed_in(&app, &ann).await;
    let later = export_of(&ann).await["requested_at"].clone();
    assert_ne!(later, first);
    app.advance(Duration::days(7));
    let ann = signed_in(&app, &ann).await;
    assert_eq!(ann.client.get("me/export/").await.expect(200)["status"], "none");
    ann.client.get("me/export/download/").await.expect(404);
    app.stop().await;
}

/// The same user with a token that has not expired yet.
async fn signed_in(app: &TestApp, user: &TestUser) -> TestUser {
    let credentials = json!({ "email": user.email, "password": PASSWORD });
    let answer = app.client().post("auth/login/", &credentials).await.expect(200);
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
async fn requests_at_once_make_one_copy() {
    let app = start().await;
    let ann = user(&app).await;
    for answer in join_all((0..10).map(|_| ann.client.call("POST", "me/export/"))).await {
        answer.expect(202);
    }
    export_of(&ann).await;
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM account_exports").await,
        1
    );
    app.stop().await;
}

#[tokio::test]
async fn the_copy_of_others_cannot_be_fetched() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    export_of(&ann).await;
    bob.client.get("me/export/download/").await.expect(404);
    app.client().get("me/export/download/").await.expect(401);
    app.stop().await;
}

async fn is_gone(app: &TestApp, id: i64) {
    let count = format!("SELECT count(*) FROM users WHERE id = {id}");
    eventually("the deletion", async || {
        (value::<i64>(app, &count).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_personal_and_exact_counts() {
    let app = start().await;
    let (ann, bob) = (user_called(&app, "ann").await, user_called(&app, "bob").await);
    for (one, other, kind) in [
        (&ann, &bob, "follow"),
        (&bob, &ann, "follow"),
        (&bob, &ann, "mute"),
    ] {
        let path = format!("users/{}/{kind}/", other.id);
        one.client.call("POST", &path).await.expect(200);
    }
    export_of(&ann).await;
    let picture = avatar_of(&ann).await;
    let answer = ann
        .client
        .post("me/account/delete/", &json!({ "password": PASSWORD }))
        .await;
    assert_eq!(
        answer.expect(202),
        json!({ "message": "Your account is being deleted." })
    );
    ann.client.get("users/me/").await.expect(401);
    let credentials = json!({ "email": "ann@example.com", "password": PASSWORD });
    app.client().post("auth/login/", &credentials).await.expect(400);
    is_gone(&app, ann.id).await;
    for (table, column) in [
        ("user_pii", "user_id"),
        ("user_settings", "user_id"),
        ("sessions", "user_id"),
        ("follows", "follower_id"),
        ("follows", "followee_id"),
        ("mutes", "target_id"),
        ("devices", "user_id"),
        ("avatars", "user_id"),
        ("personal_maps", "user_id"),
        ("matching_profiles", "user_id"),
        ("account_exports", "user_id"),
    ] {
        let left = format!("SELECT count(*) FROM {table} WHERE {column} = {}", ann.id);
        assert_eq!(value::<i64>(&app, &left).await, 0, "{table}");
    }
    let is_there = app.app.storage().exists(&picture).await.expect("can be asked");
    assert!(!is_there, "the picture is still there");
    let me = bob.client.get("users/me/").await.expect(200);
    assert_eq!(
        json!([me["followers_count"], me["following_count"]]),
        json!([0, 0])
    );
    // Address and handle are free again.
    assert_ne!(user_called(&app, "ann").await.id, ann.id);
    app.stop().await;
}

#[tokio::test]
async fn deletion_needs_the_password() {
    let app = start().await;
    let ann = user_called(&app, "ann").await;
    for (body, message) in [
        (json!({}), "This field is required."),
        (json!({ "handle": "ann" }), "This field is required."),
        (
            json!({ "password": "not this one" }),
            "The password is not right.",
        ),
    ] {
        let refused = ann.client.post("me/account/delete/", &body).await.expect(400);
        assert_eq!(refused, json!({ "password": [message] }));
    }
    ann.client.get("users/me/").await.expect(200);
    execute(
        &app,
        &format!("UPDATE users SET password = '!' WHERE id = {}", ann.id),
    )
    .await;
    for body in [json!({}), json!({ "handle": "bob" }), json!({ "password": "!" })] {
        let refused = ann.client.post("me/account/delete/", &body).await.expect(400);
        assert_eq!(refused, json!({ "handle": ["Type your handle to confirm."] }));
    }
    ann.client
        .post("me/account/delete/", &json!({ "handle": "ann" }))
        .await
        .expect(202);
    is_gone(&app, ann.id).await;
    app.stop().await;
}

#[tokio::test]
async fn a_deletion_amid_follows_leaves_exact_counts() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let follow = format!("users/{}/follow/", ann.id);
    let follows = (0..20).map(|_| bob.client.call("POST", &follow));
    let body = json!({ "password": PASSWORD });
    let (answers, deletion) = futures::join!(join_all(follows), ann.client.post("me/account/delete/", &body));
    deletion.expect(202);
    for answer in answers {
        assert!(matches!(answer.status, 200 | 404), "{answer:?}");
    }
    is_gone(&app, ann.id).await;
    let me = bob.client.get("users/me/").await.expect(200);
    assert_eq!(me["following_count"], 0);
    app.stop().await;
}
