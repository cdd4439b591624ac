//! `media/`: the records that clients keep.

use platform::testing::Answer;
use serde_json::{Value, json};

use super::{MEDIA, count, png, send_file};
use crate::{
    cli::Listening,
    support::{TestUser, field, start, user},
    users::statements::sent,
};

async fn record(user: &TestUser, further: Value) -> Answer {
    let mut body = json!({ "s3_key": "uploads/1.png", "mime": "image/png" });
    for (name, value) in further.as_object().expect("an object") {
        body[name] = value.clone();
    }
    user.client.post(MEDIA, &body).await
}

#[tokio::test]
async fn a_record_is_what_its_owner_says() {
    let app = start().await;
    let ann = user(&app).await;
    let sent = json!({
        "width": 10, "height": "20", "duration": 1.5, "meta": { "alt": "ქვა" }, "status": "ready", "checksum": "x",
    });
    let first = record(&ann, sent).await.expect(201);
    let mut expected = json!({
        "id": first["id"], "s3_key": "uploads/1.png", "mime": "image/png", "width": 10, "height": 20, "duration": 1.5,
        "status": "pending", "checksum": "", "meta": { "alt": "ქვა" }, "created_at": first["created_at"],
    });
    assert_eq!(first, expected);
    let path = format!("{MEDIA}{}/", first["id"]);
    assert_eq!(ann.client.get(&path).await.expect(200), expected);
    let changed = ann
        .client
        .patch(&path, &json!({ "width": null, "meta": [1, "two"] }))
        .await
        .expect(200);
    expected["width"] = Value::Null;
    expected["meta"] = json!([1, "two"]);
    assert_eq!(changed, expected);
    let put = async |body: Value| {
        ann.client
            .send("PUT", &path, "application/json", body.to_string())
            .await
    };
    let required = json!(["This field is required."]);
    assert_eq!(
        put(json!({ "width": 7 })).await.expect(400),
        json!({ "s3_key": required, "mime": required })
    );
    let replaced = put(json!({ "s3_key": "k", "mime": "m" })).await.expect(200);
    assert_eq!(
        json!([replaced["s3_key"], replaced["mime"], replaced["height"]]),
        json!(["k", "m", 20])
    );
    for meta in [
        json!("text"),
        json!({ "a": { "b": null } }),
        json!(5),
        json!(false),
    ] {
        let made = record(&ann, json!({ "meta": meta })).await.expect(201);
        assert_eq!(made["meta"], meta);
    }
    assert_eq!(record(&ann, json!({})).await.expect(201)["meta"], json!({}));
    assert_eq!(ann.client.delete(&path).await.status, 204);
    for answer in [ann.client.get(&path).await, ann.client.delete(&path).await] {
        assert_eq!(
            answer.expect(404),
            json!({ "detail": "No MediaAsset matches the given query." })
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let app = start().await;
    let ann = user(&app).await;
    let required = json!(["This field is required."]);
    assert_eq!(
        ann.client.post(MEDIA, &json!({})).await.expect(400),
        json!({ "s3_key": required, "mime": required })
    );
    for (further, field, message) in [
        (
            json!({ "s3_key": "x".repeat(256) }),
            "s3_key",
            "Ensure this field has no more than 255 characters.",
        ),
        (
            json!({ "mime": "x".repeat(65) }),
            "mime",
            "Ensure this field has no more than 64 characters.",
        ),
        (json!({ "mime": "" }), "mime", "This field may not be blank."),
        (
            json!({ "width": -1 }),
            "width",
            "Ensure this value is greater than or equal to 0.",
        ),
        (
            json!({ "height": 2_147_483_648_i64 }),
            "height",
            "Ensure this value is less than or equal to 2147483647.",
        ),
        (json!({ "width": 1.5 }), "width", "A valid integer is required."),
        (
            json!({ "duration": "long" }),
            "duration",
            "A valid number is required.",
        ),
        (json!({ "meta": null }), "meta", "This field may not be null."),
        (
            json!({ "meta": { "a\0": 1 } }),
            "meta",
            "Null characters are not allowed.",
        ),
    ] {
        let refused = record(&ann, further.clone()).await.expect(400);
        assert_eq!(refused, json!({ field: [message] }), "{further}");
    }
    let form = "s3_key=k&mime=m&width=&meta=%7B%22a%22%3A1%7D";
    let made = ann
        .client
        .send("POST", MEDIA, "application/x-www-form-urlencoded", form)
        .await
        .expect(201);
    assert_eq!(json!([made["width"], made["meta"]]), json!([null, { "a": 1 }]));
    app.stop().await;
}

#[tokio::test]
async fn records_of_others_do_not_exist() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let own = record(&ann, json!({})).await.expect(201);
    let file = send_file(&ann, "a.png", "image/png", &png(), &[])
        .await
        .expect(201);
    for asset in [&own, &file] {
        let path = format!("{MEDIA}{}/", asset["id"]);
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let body = r#"{"s3_key":"k","mime":"m"}"#;
            bob.client
                .send(method, &path, "application/json", body)
                .await
                .expect(404);
        }
        assert_eq!(&ann.client.get(&path).await.expect(200), asset);
    }
    assert_eq!(bob.client.get(MEDIA).await.expect(200)["results"], json!([]));
    assert_eq!(count(&app, "media_files").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn of_a_file_only_what_is_said_of_it_can_be_changed() {
    let app = start().await;
    let ann = user(&app).await;
    let made = send_file(&ann, "a.png", "image/png", &png(), &[])
        .await
        .expect(201);
    assert_eq!(
        json!([made["status"], made["width"], made["height"], made["mime"]]),
        json!(["ready", 5, 4, "image/png"])
    );
    let change =
        json!({ "s3_key": "avatars/bob.png", "mime": "text/html", "width": 1, "meta": { "alt": "green" } });
    let path = format!("{MEDIA}{}/", made["id"]);
    let changed = ann.client.patch(&path, &change).await.expect(200);
    assert_eq!(changed["meta"]["alt"], "green");
    for field in ["s3_key", "mime", "width", "url"] {
        assert_eq!(changed[field], made[field], "{field}");
    }
    // A text has no place for URLs; the asset has.
    let text = ann
        .client
        .patch(&path, &json!({ "meta": "text" }))
        .await
        .expect(200);
    assert_eq!(json!([text["meta"], text["url"]]), json!(["text", made["url"]]));
    app.stop().await;
}

#[tokio::test]
async fn the_list_is_newest_first_and_costs_the_same_however_long() {
    let app = start().await;
    let ann = user(&app).await;
    let mut ids = Vec::new();
    for number in 0..12 {
        let made = if number % 2 == 0 {
            send_file(&ann, "a.png", "image/png", &png(), &[]).await
        } else {
            record(&ann, json!({ "s3_key": format!("k{number}") })).await
        };
        ids.insert(0, made.expect(201)["id"].clone());
    }
    let mut next = format!("{MEDIA}?page_size=5");
    let mut walked = Vec::new();
    while next != "null" {
        let page = ann.client.get(&next).await.expect(200);
        walked.extend(field(&page, "id").into_iter().cloned());
        next = page["next"].as_str().unwrap_or("null").to_owned();
    }
    assert_eq!(walked, ids);
    let ordered = ann
        .client
        .get(&format!("{MEDIA}?ordering=-s3_key&page_size=1"))
        .await
        .expect(200);
    assert!(
        ordered["results"][0]["s3_key"]
            .as_str()
            .is_some_and(|key| key.starts_with("uploads/"))
    );
    let program = Listening::start(&app.database(), &["api"]).await;
    let client = program
        .client()
        .with_token(ann.client.token.as_deref().expect("is signed in"));
    let mut costs = Vec::new();
    for size in [2, 12] {
        let before = sent(&client, "/api/v1/media/").await;
        client.get(&format!("{MEDIA}?page_size={size}")).await.expect(200);
        costs.push(sent(&client, "/api/v1/media/").await - before);
    }
    assert!((1..=4).contains(&costs[0]) && costs[0] == costs[1], "{costs:?}");
    app.stop().await;
}
