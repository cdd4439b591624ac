//! The list as its owner sees and changes it.

use platform::testing::Answer;
use serde_json::{Value, json};

use super::builders::{listed, unread};
use crate::support::{TestUser, field, start, user};

const LIST: &str = "notifications/";

async fn make(user: &TestUser, body: Value) -> Value {
    user.client.post(LIST, &body).await.expect(201)
}

async fn put(user: &TestUser, id: &Value, body: Value) -> Answer {
    let path = format!("{LIST}{id}/");
    user.client
        .send("PUT", &path, "application/json", body.to_string())
        .await
}

async fn patch(user: &TestUser, id: &Value, body: Value) -> Answer {
    user.client.patch(&format!("{LIST}{id}/"), &body).await
}

#[tokio::test]
async fn one_may_make_a_notification_for_oneself() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let made = make(
        &ann,
        json!({ "type": "custom:thing", "payload": { "a": [1, { "b": null }] } }),
    )
    .await;
    let keys: Vec<&String> = made.as_object().expect("is an object").keys().collect();
    assert_eq!(keys.len(), 6, "{keys:?}");
    assert_eq!(
        json!([made["type"], made["payload"], made["is_read"], made["read_at"]]),
        json!(["custom:thing", { "a": [1, { "b": null }] }, false, null])
    );
    assert_eq!(
        ann.client
            .get(&format!("{LIST}{}/", made["id"]))
            .await
            .expect(200),
        made
    );
    assert_eq!(make(&ann, json!({ "type": "t" })).await["payload"], json!({}));
    for payload in [json!([]), json!("text"), json!(5), json!(false)] {
        assert_eq!(
            make(&ann, json!({ "type": "t", "payload": payload })).await["payload"],
            payload
        );
    }
    assert!(listed(&bob).await.is_empty());
    assert_eq!((unread(&ann).await, unread(&bob).await), (6, 0));
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_once() {
    let app = start().await;
    let ann = user(&app).await;
    for (body, errors) in [
        (json!({}), json!({ "type": ["This field is required."] })),
        (
            json!({ "type": "", "payload": null }),
            json!({ "type": ["This field may not be blank."], "payload": ["This field may not be null."] }),
        ),
        (
            json!({ "type": "x".repeat(65), "is_read": "maybe" }),
            json!({
                "type": ["Ensure this field has no more than 64 characters."],
                "is_read": ["Must be a valid boolean."],
            }),
        ),
        (
            json!({ "type": "t", "payload": { "a\u{0}": 1 } }),
            json!({ "payload": ["Null characters are not allowed."] }),
        ),
    ] {
        assert_eq!(ann.client.post(LIST, &body).await.expect(400), errors, "{body}");
    }
    let form = |body: &'static str| {
        ann.client
            .send("POST", LIST, "application/x-www-form-urlencoded", body)
    };
    assert_eq!(
        form("type=t&payload=%7B%22a%22%3A1%7D").await.expect(201)["payload"],
        json!({ "a": 1 })
    );
    for (body, message) in [
        ("type=t&payload=%7B", "Value must be valid JSON."),
        ("type=t&payload=null", "This field may not be null."),
    ] {
        assert_eq!(
            form(body).await.expect(400),
            json!({ "payload": [message] }),
            "{body}"
        );
    }
    assert_eq!(unread(&ann).await, 1);
    app.stop().await;
}

#[tokio::test]
async fn reading_is_the_only_change() {
    let app = start().await;
    let ann = user(&app).await;
    let made = make(&ann, json!({ "type": "t", "payload": { "a": 1 } })).await;
    let id = &made["id"];
    for body in [
        json!({}),
        json!({ "is_read": false }),
        json!({ "type": "o", "payload": { "z": 9 } }),
    ] {
        assert_eq!(patch(&ann, id, body).await.expect(200), made);
    }
    assert_eq!(
        put(&ann, id, json!({})).await.expect(400),
        json!({ "type": ["This field is required."] })
    );
    assert_eq!(
        patch(&ann, id, json!({ "is_read": "maybe" })).await.expect(400),
        json!({ "is_read": ["Must be a valid boolean."] })
    );
    assert_eq!(unread(&ann).await, 1);
    let read = put(&ann, id, json!({ "type": "other", "is_read": true }))
        .await
        .expect(200);
    assert_eq!(
        json!([read["type"], read["payload"], read["is_read"]]),
        json!(["t", { "a": 1 }, true])
    );
    assert!(read["read_at"].as_str() >= made["created_at"].as_str());
    for body in [json!({ "is_read": true }), json!({ "is_read": false })] {
        assert_eq!(
            patch(&ann, id, body).await.expect(200),
            read,
            "neither unread nor read anew"
        );
    }
    assert_eq!(unread(&ann).await, 0);
    let born = make(
        &ann,
        json!({ "type": "t", "is_read": true, "read_at": "2001-01-01T00:00:00Z" }),
    )
    .await;
    assert_eq!(json!([born["is_read"], born["read_at"]]), json!([true, null]));
    assert_eq!(unread(&ann).await, 0);
    app.stop().await;
}

#[tokio::test]
async fn removing_counts_down_what_was_unread() {
    let app = start().await;
    let ann = user(&app).await;
    let (one, other) = (
        make(&ann, json!({ "type": "t" })).await,
        make(&ann, json!({ "type": "t" })).await,
    );
    patch(&ann, &other["id"], json!({ "is_read": true }))
        .await
        .expect(200);
    for made in [&one, &other] {
        let path = format!("{LIST}{}/", made["id"]);
        assert_eq!(ann.client.delete(&path).await.status, 204);
        for method in ["GET", "DELETE"] {
            assert_eq!(
                ann.client.call(method, &path).await.expect(404),
                json!({ "detail": "No Notification matches the given query." })
            );
        }
        assert_eq!(unread(&ann).await, 0);
    }
    app.stop().await;
}

#[tokio::test]
async fn all_are_read_at_once_and_earlier_times_stay() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let early = make(&ann, json!({ "type": "t" })).await;
    let early = patch(&ann, &early["id"], json!({ "is_read": true }))
        .await
        .expect(200);
    for user in [&ann, &ann, &bob] {
        make(user, json!({ "type": "t" })).await;
    }
    let path = "notifications/mark-all-read/";
    assert_eq!(
        ann.client.call("POST", path).await.expect(200),
        json!({ "updated": 2 })
    );
    assert_eq!(
        ann.client.post(path, &json!({})).await.expect(200),
        json!({ "updated": 0 })
    );
    for notification in listed(&ann).await {
        assert!(notification["is_read"] == true && notification["read_at"].is_string());
    }
    assert!(listed(&ann).await.contains(&early));
    assert_eq!((unread(&ann).await, unread(&bob).await), (0, 1));
    assert_eq!(ann.client.get(path).await.status, 405);
    app.stop().await;
}

#[tokio::test]
async fn notifications_of_others_do_not_exist() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let made = make(&ann, json!({ "type": "t" })).await;
    for id in [made["id"].clone(), json!(5), json!(99_999_999_999_999_999_i64)] {
        let path = format!("{LIST}{id}/");
        for (method, body) in [
            ("GET", ""),
            ("DELETE", ""),
            ("PATCH", r#"{"is_read":true}"#),
            ("PUT", r#"{"type":"t"}"#),
        ] {
            bob.client
                .send(method, &path, "application/json", body)
                .await
                .expect(404);
        }
    }
    assert_eq!(
        bob.client.get("notifications/abc/").await.expect(404),
        json!({ "detail": "Not found." })
    );
    assert_eq!(listed(&ann).await, [made]);
    app.stop().await;
}

#[tokio::test]
async fn the_list_is_narrowed_and_ordered() {
    let app = start().await;
    let ann = user(&app).await;
    for kind in ["b", "a", "c", "a"] {
        make(&ann, json!({ "type": kind })).await;
    }
    let second = listed(&ann).await[2]["id"].clone();
    patch(&ann, &second, json!({ "is_read": true })).await.expect(200);
    for (query, expected) in [
        ("", ["a", "c", "a", "b"].as_slice()),
        ("is_read=true", &["a"]),
        ("is_read=0", &["a", "c", "b"]),
        ("is_read=", &["a", "c", "a", "b"]),
        ("type=a", &["a", "a"]),
        ("type=a&is_read=no", &["a"]),
        ("type=none", &[]),
        ("ordering=type", &["a", "a", "b", "c"]),
        ("ordering=-is_read", &["a", "a", "c", "b"]),
        ("ordering=payload,read_at", &["a", "c", "a", "b"]),
    ] {
        let mut kinds = Vec::new();
        let mut next = Some(format!("{LIST}?page_size=1&{query}"));
        while let Some(path) = next {
            let page = ann.client.get(&path).await.expect(200);
            kinds.extend(field(&page, "type").into_iter().cloned());
            next = page["next"].as_str().map(str::to_owned);
        }
        assert_eq!(json!(kinds), json!(expected), "{query}");
    }
    for (query, errors) in [
        (
            "is_read=maybe",
            json!({ "is_read": ["Must be a valid boolean."] }),
        ),
        (
            "type=%00",
            json!({ "type": ["Null characters are not allowed."] }),
        ),
    ] {
        assert_eq!(
            ann.client.get(&format!("{LIST}?{query}")).await.expect(400),
            errors
        );
    }
    app.stop().await;
}
