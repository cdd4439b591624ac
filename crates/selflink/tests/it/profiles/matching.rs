//! The matching profile.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{start, user};

const PROFILE: &str = "profile/me/";

fn empty() -> Value {
    json!({
        "gender": "", "orientation": "", "relationship_goal": "unsure", "values": [], "preferred_lifestyle": [],
        "attachment_style": "", "love_language": [], "birth_date": null, "birth_time": null, "birth_city": "",
        "birth_country": "", "birth_timezone": "", "birth_latitude": null, "birth_longitude": null,
    })
}

#[tokio::test]
async fn a_profile_is_created_until_it_says_something() {
    let app = start().await;
    let ann = user(&app).await;
    assert_eq!(ann.client.get(PROFILE).await.expect(200), empty());
    assert_eq!(ann.client.patch(PROFILE, &json!({})).await.expect(201), empty());
    let body = json!({
        "gender": "female", "orientation": "bi", "relationship_goal": "long_term", "values": ["growth", "freedom"],
        "preferred_lifestyle": ["remote_work"], "attachment_style": "secure", "love_language": ["words"],
        "birth_date": "1990-02-03", "birth_time": "04:05:00", "birth_city": "თბილისი", "birth_country": "GE",
        "birth_timezone": "Asia/Tbilisi", "birth_latitude": 41.7151, "birth_longitude": -180.0,
    });
    assert_eq!(ann.client.patch(PROFILE, &body).await.expect(201), body);
    assert_eq!(ann.client.get(PROFILE).await.expect(200), body);
    let changed = ann
        .client
        .patch(PROFILE, &json!({ "values": [], "birth_latitude": null }))
        .await
        .expect(200);
    assert_eq!(
        (&changed["values"], &changed["birth_latitude"], &changed["gender"]),
        (&json!([]), &json!(null), &json!("female"))
    );
    // Back at the beginning, the next change is a first one again.
    ann.client.patch(PROFILE, &empty()).await.expect(200);
    ann.client
        .patch(PROFILE, &json!({ "gender": "male" }))
        .await
        .expect(201);
    app.stop().await;
}

#[tokio::test]
async fn the_language_goes_to_the_settings_and_not_into_the_answer() {
    let app = start().await;
    let ann = user(&app).await;
    assert_eq!(
        ann.client
            .patch(PROFILE, &json!({ "language": "ka" }))
            .await
            .expect(201),
        empty()
    );
    let language = async || ann.client.get("users/me/").await.expect(200)["settings"]["language"].clone();
    assert_eq!(language().await, "ka");
    for ignored in [json!(""), json!(null)] {
        ann.client
            .patch(PROFILE, &json!({ "language": ignored }))
            .await
            .expect(201);
        assert_eq!(language().await, "ka");
    }
    let long = json!({ "language": "x".repeat(33), "gender": "male" });
    ann.client.patch(PROFILE, &long).await.expect(400);
    assert_eq!(ann.client.get(PROFILE).await.expect(200), empty());
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_at_once() {
    let app = start().await;
    let ann = user(&app).await;
    let wrong = json!({
        "gender": "no_such", "orientation": null, "relationship_goal": "", "values": "growth", "love_language": vec!["a"; 33],
        "preferred_lifestyle": null, "birth_latitude": 90.01, "birth_longitude": -181, "birth_date": "03/02/1990",
        "birth_city": "x".repeat(129), "birth_timezone": "x".repeat(65),
    });
    assert_eq!(
        ann.client.patch(PROFILE, &wrong).await.expect(400),
        json!({
            "gender": ["\"no_such\" is not a valid choice."], "orientation": ["This field may not be null."],
            "relationship_goal": ["\"\" is not a valid choice."], "values": ["values must be a list of strings."],
            "love_language": ["love_language must contain 32 items or fewer."],
            "preferred_lifestyle": ["This field may not be null."],
            "birth_latitude": ["Ensure this value is less than or equal to 90."],
            "birth_longitude": ["Ensure this value is greater than or equal to -180."],
            "birth_date": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."],
            "birth_city": ["Ensure this field has no more than 128 characters."],
            "birth_timezone": ["Ensure this field has no more than 64 characters."],
        })
    );
    let form = "values=%5B%22a%22%5D&gender=&birth_latitude=&birth_longitude=44.5";
    let answer = ann
        .client
        .send("PATCH", PROFILE, "application/x-www-form-urlencoded", form)
        .await;
    let profile = answer.expect(201);
    assert_eq!(
        json!([
            profile["values"],
            profile["birth_latitude"],
            profile["birth_longitude"]
        ]),
        json!([["a"], null, 44.5])
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_first_changes_at_once_one_is_the_first() {
    let app = start().await;
    let ann = user(&app).await;
    let bodies = [
        json!({ "gender": "male" }),
        json!({ "values": ["career"] }),
        json!({ "birth_city": "Gori" }),
        json!({ "orientation": "pan" }),
    ];
    let changes = bodies.iter().map(|body| ann.client.patch(PROFILE, body));
    let mut statuses: Vec<u16> = join_all(changes)
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 201]);
    let profile = ann.client.get(PROFILE).await.expect(200);
    assert_eq!(
        json!([
            profile["gender"],
            profile["values"],
            profile["birth_city"],
            profile["orientation"]
        ]),
        json!(["male", ["career"], "Gori", "pan"])
    );
    app.stop().await;
}
