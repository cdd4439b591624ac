//! Malformed requests are the client's mistake, never the server's.

use serde_json::{Value, json};

use super::{history, id, of_message, of_thread, pair, send, send_as, start_unlimited};
use crate::support::{start, user};

#[tokio::test]
async fn threads_say_what_is_wrong_with_them() {
    let app = start_unlimited().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let field = |name: &str, what: Value| json!({ name: what });
    let participants = |what: Value| field("participant_ids", what);
    let unknown = json!([format!("Unknown participant IDs: 2, 1, {}", 1_u64 << 63)]);
    for (body, expected) in [
        (json!({}), participants(json!(["This field is required."]))),
        (
            json!({ "participant_ids": [] }),
            participants(json!(["At least one participant is required."])),
        ),
        (
            json!({ "participant_ids": null }),
            participants(json!(["This field may not be null."])),
        ),
        (
            json!({ "participant_ids": "x" }),
            participants(json!(["Expected a list of items but got type \"str\"."])),
        ),
        (
            json!({ "participant_ids": [bob.id, "x"] }),
            participants(json!({ "1": ["A valid integer is required."] })),
        ),
        (
            json!({ "participant_ids": [0] }),
            participants(json!({ "0": ["Ensure this value is greater than or equal to 1."] })),
        ),
        (
            json!({ "participant_ids": [2, bob.id, 1, 1_u64 << 63] }),
            participants(unknown),
        ),
        (
            json!({ "participant_ids": [ann.id] }),
            participants(json!(["Add at least one participant besides yourself."])),
        ),
        (
            json!({ "participant_ids": [bob.id], "title": "t".repeat(121) }),
            field(
                "title",
                json!(["Ensure this field has no more than 120 characters."]),
            ),
        ),
        (
            json!({ "participant_ids": [bob.id], "title": null }),
            field("title", json!(["This field may not be null."])),
        ),
        (
            json!({ "participant_ids": [bob.id], "title": "a\0" }),
            field("title", json!(["Null characters are not allowed."])),
        ),
        (
            json!([1]),
            field(
                "non_field_errors",
                json!(["Invalid data. Expected a dictionary, but got list."]),
            ),
        ),
    ] {
        assert_eq!(
            ann.client.post("threads/", &body).await.expect(400),
            expected,
            "{body}"
        );
    }
    let many = vec![bob.id; 5001];
    ann.client
        .post("threads/", &json!({ "participant_ids": many }))
        .await
        .expect(400);
    let form = format!(
        "participant_ids={0}&participant_ids={0}&is_group=true&title=form",
        bob.id
    );
    let made = ann
        .client
        .send("POST", "threads/", "application/x-www-form-urlencoded", form)
        .await
        .expect(201);
    assert_eq!(
        json!([
            made["is_group"],
            made["title"],
            made["members"].as_array().map(Vec::len)
        ]),
        json!([true, "form", 2])
    );
    app.stop().await;
}

#[tokio::test]
async fn messages_say_what_is_wrong_with_them() {
    let app = start_unlimited().await;
    let (ann, _, thread) = pair(&app).await;
    let carol = user(&app).await;
    let detail = |name: &str, message: &str| json!({ "detail": { name: [message] } });
    for (fields, expected) in [
        (
            json!({ "body": "a\0b" }),
            detail("body", "Null characters are not allowed."),
        ),
        (json!({ "body": 5 }), detail("body", "Not a valid string.")),
        (json!({ "body": ["a"] }), detail("body", "Not a valid string.")),
        (
            json!({ "client_uuid": "z".repeat(65) }),
            detail("client_uuid", "Ensure this field has no more than 64 characters."),
        ),
        (
            json!({ "client_uuid": ["a"] }),
            detail("client_uuid", "Not a valid string."),
        ),
    ] {
        assert_eq!(
            send_as(&ann, &thread, &fields).await.expect(400),
            expected,
            "{fields}"
        );
    }
    for (fields, expected) in [
        (
            json!({ "body": "x" }),
            detail("thread", "This field is required."),
        ),
        (
            json!({ "thread": "abc" }),
            detail("thread", "Incorrect type. Expected pk value, received str."),
        ),
        (
            json!({ "thread": 99 }),
            detail("thread", "Invalid pk \"99\" - object does not exist."),
        ),
    ] {
        assert_eq!(
            ann.client.post("messages/", &fields).await.expect(400),
            expected,
            "{fields}"
        );
    }
    // Where one may not write, one does not learn what is wrong.
    let nonsense = json!({ "body": 5 });
    assert_eq!(
        send_as(&carol, &thread, &nonsense).await.expect(403),
        json!({ "detail": "Not a member of this thread" })
    );
    carol
        .client
        .post("threads/999/messages/", &nonsense)
        .await
        .expect(404);
    let long = "ü漢😀 ".repeat(20_000);
    send(&ann, &thread, &long).await;
    assert_eq!(history(&ann, &thread).await[0]["body"], long.trim());
    app.stop().await;
}

#[tokio::test]
async fn nonsense_is_refused_or_passed_over() {
    let app = start_unlimited().await;
    let (ann, bob, thread) = pair(&app).await;
    let message = send(&bob, &thread, "x").await;
    let huge = "9".repeat(40);
    let paths = [
        "threads/abc/".to_owned(),
        format!("threads/{huge}/"),
        "threads/-1/".to_owned(),
        format!("messages/{huge}/"),
        "messages/abc/".to_owned(),
        "messages/?cursor=x".to_owned(),
        format!("threads/{huge}/sync/"),
    ];
    for path in paths {
        assert_eq!(ann.client.get(&path).await.status, 404, "{path}");
    }
    let bodies = [
        "[1,2]",
        "null",
        "5",
        "\"x\"",
        "{\"body\": ",
        "{\"a\":{}}",
        "{\"emoji\":{}}",
        "{\"last_read_id\":{}}",
    ];
    let places = [
        of_thread(&thread, "messages/"),
        of_thread(&thread, "read/"),
        of_thread(&thread, "typing/"),
        of_message(&message, "ack/"),
        of_message(&message, "reactions/"),
        "threads/".to_owned(),
        "threads/direct/".to_owned(),
        "messages/".to_owned(),
    ];
    for path in &places {
        for body in bodies {
            let answer = ann.client.send("POST", path, "application/json", body).await;
            assert!(answer.status < 500, "{path} {body}: {answer:?}");
        }
        let plain = ann.client.send("POST", path, "text/plain", "hello").await;
        assert_eq!(plain.status, 415, "{path}");
    }
    for since in ["2026-13-45", "%00", "2026-11-20T10:00:00", "1e9", "٣"] {
        ann.client
            .get(&of_thread(&thread, &format!("sync/?since={since}")))
            .await
            .expect(200);
    }
    let odd = json!({ "body": "x", "reply_to": [1] });
    send_as(&ann, &thread, &odd).await.expect(400);
    let beyond: Value = serde_json::from_str(&format!("{{\"reply_to\": {huge}}}")).expect("is JSON");
    send_as(&ann, &thread, &beyond).await.expect(400);
    let shown = bob.client.get(&of_message(&message, "")).await.expect(200);
    assert_eq!(id(&shown), id(&message));
    app.stop().await;
}

#[tokio::test]
async fn the_root_leads_to_both_lists() {
    let app = start().await;
    let ann = user(&app).await;
    let root = ann.client.get("messaging/").await.expect(200);
    for (name, url) in root.as_object().expect("is an object") {
        assert!(
            url.as_str()
                .is_some_and(|url| url.ends_with(&format!("/api/v1/messaging/{name}/")))
        );
        ann.client.get(url.as_str().expect("is a text")).await.expect(200);
    }
    app.client().get("messaging/").await.expect(401);
    app.stop().await;
}
