//! The personal map without its picture.

use futures::future::join_all;
use serde_json::json;

use super::{MAP, full};
use crate::support::{start, user, value};

#[tokio::test]
async fn a_map_begins_blank_and_is_saved_in_parts() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let blank = json!({
        "email": ann.email, "first_name": "", "last_name": "", "birth_date": null, "birth_time": null,
        "birth_place_country": "", "birth_place_city": "", "avatar_image": null, "is_complete": false,
    });
    assert_eq!(ann.client.get(MAP).await.expect(200), blank);
    // A draft: what is missing may come later.
    let draft = ann
        .client
        .patch(MAP, &json!({ "first_name": " Ann ", "birth_time": "4:05" }))
        .await
        .expect(200);
    assert_eq!(
        (&draft["first_name"], &draft["birth_time"], &draft["is_complete"]),
        (&json!("Ann"), &json!("04:05:00"), &json!(false))
    );
    let me = ann.client.get("users/me/").await.expect(200);
    assert_eq!(
        (&me["name"], &me["birth_time"], &me["birth_place"]),
        (&json!("Ann"), &json!("04:05:00"), &json!(""))
    );
    let rest = json!({ "last_name": "Bee", "birth_date": "03/02/1990", "birth_place_country": "GE", "birth_place_city": "Tbilisi" });
    let whole = ann.client.patch(MAP, &rest).await.expect(200);
    assert_eq!(
        (&whole["birth_date"], &whole["is_complete"]),
        (&json!("1990-02-03"), &json!(true))
    );
    let me = ann.client.get("users/me/").await.expect(200);
    assert_eq!(
        json!([me["name"], me["birth_date"], me["birth_time"], me["birth_place"]]),
        json!(["Ann Bee", "1990-02-03", "04:05:00", "Tbilisi, GE"])
    );
    // The time of birth may be unknown, also to the account.
    ann.client
        .patch(MAP, &json!({ "birth_time": null }))
        .await
        .expect(200);
    assert_eq!(
        ann.client.get("users/me/").await.expect(200)["birth_time"],
        json!(null)
    );
    assert_eq!(bob.client.get(MAP).await.expect(200)["first_name"], "");
    app.stop().await;
}

#[tokio::test]
async fn a_changed_map_is_found_under_its_name_and_told_of() {
    let app = start().await;
    let ann = user(&app).await;
    ann.client.patch(MAP, &full()).await.expect(200);
    let found = ann.client.get("users/?q=ann+bee").await.expect(200);
    assert_eq!(found["results"][0]["id"], ann.id);
    // Two names of 120 characters each have room in the map, not in the account.
    let long = json!({ "first_name": "a".repeat(120), "last_name": "b".repeat(120) });
    ann.client.patch(MAP, &long).await.expect(200);
    assert_eq!(
        ann.client.get("users/me/").await.expect(200)["name"],
        "a".repeat(120)
    );
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_once() {
    let app = start().await;
    let ann = user(&app).await;
    let required = "This field is required.";
    let put = async |body: serde_json::Value| {
        ann.client
            .send("PUT", MAP, "application/json", body.to_string())
            .await
    };
    assert_eq!(
        put(json!({ "first_name": "Z" })).await.expect(400),
        json!({ "last_name": [required], "birth_date": [required], "birth_place_country": [required], "birth_place_city": [required] })
    );
    let dates = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD, DD/MM/YYYY.";
    let times = "Time has wrong format. Use one of these formats instead: hh:mm, hh:mm:ss.";
    let wrong = json!({
        "first_name": "", "last_name": null, "birth_date": "1990.02.03", "birth_time": "04:05:06.7",
        "birth_place_city": "x".repeat(121), "avatar_image": "data:image/png;base64,",
    });
    assert_eq!(
        ann.client.patch(MAP, &wrong).await.expect(400),
        json!({
            "first_name": ["This field may not be blank."], "last_name": ["This field may not be null."],
            "birth_date": [dates], "birth_time": [times],
            "birth_place_city": ["Ensure this field has no more than 120 characters."],
            "avatar_image": ["The submitted data was not a file. Check the encoding type on the form."],
        })
    );
    assert_eq!(
        ann.client
            .patch(MAP, &json!({ "birth_date": null }))
            .await
            .expect(400),
        json!({ "birth_date": ["This field may not be null."] })
    );
    let mut body = full();
    body["email"] = json!("x@y.example");
    body["is_complete"] = json!(false);
    let saved = put(body).await.expect(200);
    assert_eq!(
        (&saved["email"], &saved["is_complete"]),
        (&json!(ann.email), &json!(true))
    );
    for method in ["POST", "DELETE"] {
        ann.client.call(method, MAP).await.expect(405);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn first_saves_at_once_leave_one_map_with_everything() {
    let app = start().await;
    let ann = user(&app).await;
    let full = full();
    let fields: Vec<_> = full.as_object().expect("an object").iter().collect();
    let saves = fields.iter().map(|(name, field)| {
        let body = json!({ *name: field });
        let client = ann.client.clone();
        async move { client.patch(MAP, &body).await }
    });
    for answer in join_all(saves).await {
        answer.expect(200);
    }
    assert_eq!(ann.client.get(MAP).await.expect(200)["is_complete"], true);
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM personal_maps").await, 1);
    let me = ann.client.get("users/me/").await.expect(200);
    assert_eq!(
        json!([me["name"], me["birth_place"]]),
        json!(["Ann Bee", "Tbilisi, GE"])
    );
    app.stop().await;
}
