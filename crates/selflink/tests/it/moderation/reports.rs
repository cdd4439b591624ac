//! One's own reports.

use platform::testing::TestApp;
use serde_json::json;

use super::{REPORTS, report};
use crate::support::{field, start, start_with, user};

#[tokio::test]
async fn a_report_is_filed_corrected_and_taken_back() {
    let app = start().await;
    let ann = user(&app).await;
    let body = json!({
        "target_type": "comment", "target_id": "12345", "reason": " ცუდი 😠 ", "status": "resolved", "notes": "x",
    });
    let filed = ann.client.post(REPORTS, &body).await.expect(201);
    let mut keys: Vec<&str> = filed
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "created_at",
            "id",
            "notes",
            "reason",
            "status",
            "target_id",
            "target_type"
        ]
    );
    assert_eq!(
        json!([
            filed["target_type"],
            filed["target_id"],
            filed["reason"],
            filed["status"],
            filed["notes"]
        ]),
        json!(["comment", 12345, "ცუდი 😠", "open", ""])
    );
    let path = format!("{REPORTS}{}/", filed["id"]);
    assert_eq!(ann.client.get(&path).await.expect(200), filed);
    let changed = ann
        .client
        .patch(&path, &json!({ "reason": "better", "status": "dismissed" }))
        .await
        .expect(200);
    assert_eq!(
        (&changed["reason"], &changed["status"]),
        (&json!("better"), &json!("open"))
    );
    let put = async |body: &str| {
        ann.client
            .send("PUT", &path, "application/json", body.to_owned())
            .await
    };
    put(r#"{"reason":"x"}"#).await.expect(400);
    let put = put(r#"{"reason":"x","target_type":"user","target_id":1}"#)
        .await
        .expect(200);
    assert_eq!(
        json!([put["target_type"], put["target_id"], put["created_at"]]),
        json!(["user", 1, filed["created_at"]])
    );
    assert_eq!(ann.client.delete(&path).await.status, 204);
    assert_eq!(
        ann.client.delete(&path).await.expect(404),
        json!({ "detail": "No Report matches the given query." })
    );
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_once() {
    let app = start().await;
    let ann = user(&app).await;
    let required = json!(["This field is required."]);
    assert_eq!(
        ann.client.post(REPORTS, &json!({})).await.expect(400),
        json!({ "target_type": required, "target_id": required, "reason": required })
    );
    for (body, errors) in [
        (
            json!({ "target_type": "User" }),
            json!({ "target_type": ["\"User\" is not a valid choice."] }),
        ),
        (
            json!({ "target_id": 1.5 }),
            json!({ "target_id": ["A valid integer is required."] }),
        ),
        (
            json!({ "target_id": 9_223_372_036_854_775_808_u64 }),
            json!({ "target_id": ["Ensure this value is less than or equal to 9223372036854775807."] }),
        ),
        (
            json!({ "reason": "" }),
            json!({ "reason": ["This field may not be blank."] }),
        ),
        (
            json!({ "reason": "x".repeat(256) }),
            json!({ "reason": ["Ensure this field has no more than 255 characters."] }),
        ),
    ] {
        let mut whole = json!({ "target_type": "user", "target_id": 1, "reason": "r" });
        for (name, value) in body.as_object().expect("an object") {
            whole[name] = value.clone();
        }
        assert_eq!(ann.client.post(REPORTS, &whole).await.expect(400), errors);
    }
    app.stop().await;
}

#[tokio::test]
async fn reports_of_others_do_not_exist() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let filed = report(&ann, "user", bob.id).await;
    let path = format!("{REPORTS}{}/", filed["id"]);
    for method in ["GET", "DELETE", "PATCH"] {
        bob.client
            .send(method, &path, "application/json", r#"{"reason":"x"}"#)
            .await
            .expect(404);
    }
    let list = bob.client.get(REPORTS).await.expect(200);
    assert!(field(&list, "id").is_empty());
    assert_eq!(ann.client.get(&path).await.expect(200), filed);
    app.stop().await;
}

async fn file(app: &TestApp, count: usize) -> Vec<u16> {
    let ann = user(app).await;
    let body = json!({ "target_type": "user", "target_id": 1, "reason": "r" });
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(ann.client.post(REPORTS, &body).await.status);
    }
    statuses
}

#[tokio::test]
async fn nobody_floods_the_moderators() {
    let app = start_with(&[("MODERATION_REPORT_RATE", "2/hour")]).await;
    assert_eq!(file(&app, 3).await, [201, 201, 429]);
    assert_eq!(file(&app, 1).await, [201], "another account has its own count");
    app.stop().await;
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest() {
    let app = start().await;
    let ann = user(&app).await;
    let mut ids = Vec::new();
    for target in 0..5 {
        ids.insert(0, report(&ann, "post", target).await["id"].clone());
    }
    let first = ann
        .client
        .get(&format!("{REPORTS}?page_size=3"))
        .await
        .expect(200);
    assert_eq!(field(&first, "id"), ids[..3].iter().collect::<Vec<_>>());
    let next = first["next"].as_str().expect("a link");
    let second = ann.client.get(next).await.expect(200);
    assert_eq!(field(&second, "id"), ids[3..].iter().collect::<Vec<_>>());
    app.stop().await;
}
