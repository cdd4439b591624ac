//! Devices that get push messages.

use futures::future::join_all;
use platform::testing::Answer;
use serde_json::{Value, json};

use crate::support::{TestUser, field, start, user, value};

const DEVICES: &str = "devices/";

fn device(token: &str, kind: &str) -> Value {
    json!({ "push_token": token, "device_type": kind })
}

async fn register(user: &TestUser, token: &str) -> Answer {
    user.client.post(DEVICES, &device(token, "ios")).await
}

async fn tokens(user: &TestUser) -> Value {
    let list = user.client.get(DEVICES).await.expect(200);
    json!(field(&list, "push_token"))
}

#[tokio::test]
async fn a_device_is_registered_changed_and_removed() {
    let app = start().await;
    let ann = user(&app).await;
    let mut body = device("t1", "any text");
    body["last_seen"] = json!("2001-01-01T00:00:00Z");
    let first = ann.client.post(DEVICES, &body).await.expect(201);
    assert_eq!(
        (&first["push_token"], &first["device_type"]),
        (&json!("t1"), &json!("any text"))
    );
    assert_eq!(first["last_seen"], first["created_at"]);
    let path = format!("devices/{}/", first["id"]);
    assert_eq!(ann.client.get(&path).await.expect(200), first);
    let changed = ann
        .client
        .patch(&path, &json!({ "device_type": "web" }))
        .await
        .expect(200);
    assert_eq!(
        json!([
            changed["id"],
            changed["push_token"],
            changed["device_type"],
            changed["created_at"]
        ]),
        json!([first["id"], "t1", "web", first["created_at"]])
    );
    assert!(changed["last_seen"].as_str() > first["last_seen"].as_str());
    let put = async |body: Value| {
        ann.client
            .send("PUT", &path, "application/json", body.to_string())
            .await
    };
    assert_eq!(
        put(json!({ "push_token": "x" })).await.expect(400),
        json!({ "device_type": ["This field is required."] })
    );
    assert_eq!(put(device("t2", "android")).await.expect(200)["push_token"], "t2");
    register(&ann, "t3").await.expect(201);
    assert_eq!(tokens(&ann).await, json!(["t3", "t2"]));
    assert_eq!(ann.client.delete(&path).await.status, 204);
    assert_eq!(
        ann.client.delete(&path).await.expect(404),
        json!({ "detail": "No Device matches the given query." })
    );
    assert_eq!(tokens(&ann).await, json!(["t3"]));
    app.stop().await;
}

#[tokio::test]
async fn registering_again_renews() {
    let app = start().await;
    let ann = user(&app).await;
    let first = register(&ann, "t").await.expect(201);
    let again = ann
        .client
        .post(DEVICES, &device("t", "android"))
        .await
        .expect(200);
    assert_eq!(
        json!([again["id"], again["created_at"], again["device_type"]]),
        json!([first["id"], first["created_at"], "android"])
    );
    assert!(again["last_seen"].as_str() > first["last_seen"].as_str());
    // Another device that turns out to be the same one.
    let other = register(&ann, "other").await.expect(201);
    let merged = ann
        .client
        .patch(
            &format!("devices/{}/", other["id"]),
            &json!({ "push_token": "t" }),
        )
        .await
        .expect(200);
    assert_eq!(merged["id"], other["id"]);
    assert_eq!(tokens(&ann).await, json!(["t"]));
    app.stop().await;
}

#[tokio::test]
async fn a_device_has_one_owner_at_a_time() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let old = register(&ann, "t").await.expect(201);
    let new = register(&bob, "t").await.expect(201);
    assert_ne!(old["id"], new["id"]);
    assert_eq!(
        (tokens(&ann).await, tokens(&bob).await),
        (json!([]), json!(["t"]))
    );
    ann.client
        .get(&format!("devices/{}/", old["id"]))
        .await
        .expect(404);
    let own = register(&ann, "own").await.expect(201);
    ann.client
        .patch(&format!("devices/{}/", own["id"]), &json!({ "push_token": "t" }))
        .await
        .expect(200);
    assert_eq!(
        (tokens(&ann).await, tokens(&bob).await),
        (json!(["t"]), json!([]))
    );
    app.stop().await;
}

#[tokio::test]
async fn devices_of_others_do_not_exist() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let own = register(&ann, "t").await.expect(201);
    register(&bob, "bobs").await.expect(201);
    let path = format!("devices/{}/", own["id"]);
    // Nor is a token taken by what is refused.
    for (method, body) in [
        ("GET", ""),
        ("DELETE", ""),
        ("PATCH", r#"{"push_token":"t"}"#),
        ("PUT", r#"{"push_token":"t","device_type":"x"}"#),
    ] {
        bob.client
            .send(method, &path, "application/json", body)
            .await
            .expect(404);
    }
    assert_eq!(ann.client.get(&path).await.expect(200), own);
    assert_eq!(tokens(&bob).await, json!(["bobs"]));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_registrations_at_once_one_row_is_left() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let registrations = (0..12).map(|n| register(if n % 2 == 0 { &ann } else { &bob }, "race"));
    for answer in join_all(registrations).await {
        assert!([200, 201].contains(&answer.status), "{}", answer.text);
    }
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM devices").await, 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokens_that_change_hands_at_once_stay_unique() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let mut changes = Vec::new();
    for (user, token) in [(&ann, "a"), (&bob, "b"), (&ann, "c"), (&bob, "d")] {
        let id = register(user, token).await.expect(201)["id"].clone();
        changes.push((user, format!("devices/{id}/")));
    }
    let changes = changes
        .iter()
        .map(|(user, path)| async move { user.client.patch(path, &json!({ "push_token": "wanted" })).await });
    for answer in join_all(changes).await {
        // Its row may have gone to another that got the token first.
        assert!([200, 400, 404].contains(&answer.status), "{}", answer.text);
    }
    let wanted = value::<i64>(&app, "SELECT count(*) FROM devices WHERE push_token = 'wanted'").await;
    assert_eq!(wanted, 1);
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_once() {
    let app = start().await;
    let ann = user(&app).await;
    let required = json!(["This field is required."]);
    assert_eq!(
        ann.client.post(DEVICES, &json!({})).await.expect(400),
        json!({ "device_type": required, "push_token": required })
    );
    let long = device(&"x".repeat(256), &"x".repeat(33));
    assert_eq!(
        ann.client.post(DEVICES, &long).await.expect(400),
        json!({
            "device_type": ["Ensure this field has no more than 32 characters."],
            "push_token": ["Ensure this field has no more than 255 characters."],
        })
    );
    // Cursors carry the values of the order: tokens are not among them.
    for n in 0..3 {
        register(&ann, &format!("secret{n}")).await.expect(201);
    }
    let page = ann
        .client
        .get("devices/?page_size=1&ordering=push_token")
        .await
        .expect(200);
    assert_eq!(page["results"][0]["push_token"], "secret2");
    app.stop().await;
}

#[tokio::test]
async fn one_is_paid_by_ones_account_key() {
    let app = start().await;
    let ann = user(&app).await;
    let answer = ann.client.get("users/me/recipient-id/").await.expect(200);
    assert_eq!(answer, json!({ "account_key": format!("user:{}", ann.id) }));
    app.stop().await;
}
