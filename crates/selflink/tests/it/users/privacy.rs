//! Who sees what of whom.

use platform::testing::{Client, TestApp};
use serde_json::{Value, json};

use crate::support::{TestUser, staff, start, user, user_called};

/// Somebody with something to hide.
async fn private(app: &TestApp) -> TestUser {
    let ann = user_called(app, "private").await;
    let change = json!({
        "birth_date": "1990-02-03", "birth_time": "04:05:06", "birth_place": "Kutaisi",
        "settings": {
            "privacy": "friends", "dm_policy": "nobody", "language": "ka", "quiet_hours": { "start": "22:00", "end": "07:00" },
            "push_enabled": false, "email_enabled": false, "digest_enabled": true,
        },
    });
    ann.client.patch("users/me/", &change).await.expect(200);
    ann
}

/// The user wherever it is shown: by itself, in the directory, among followers and followed.
async fn everywhere(client: &Client, ann: &TestUser, bob: &TestUser) -> Vec<Value> {
    let mut shown = vec![client.get(&format!("users/{}/", ann.id)).await.expect(200)];
    for path in [
        "users/".to_owned(),
        "users/?q=private".to_owned(),
        format!("users/{}/followers/", bob.id),
        format!("users/{}/following/?page_size=5", bob.id),
    ] {
        let list = client.get(&path).await.expect(200);
        let items = list
            .get("results")
            .unwrap_or(&list)
            .as_array()
            .expect("is a list")
            .clone();
        shown.push(
            items
                .into_iter()
                .find(|item| item["id"] == json!(ann.id))
                .expect("is in the list"),
        );
    }
    shown
}

async fn friends(ann: &TestUser, bob: &TestUser) {
    ann.client
        .post(&format!("users/{}/follow/", bob.id), &json!({}))
        .await
        .expect(200);
    bob.client
        .post(&format!("users/{}/follow/", ann.id), &json!({}))
        .await
        .expect(200);
}

#[tokio::test]
async fn others_see_neither_address_nor_birth_nor_switches() {
    let app = start().await;
    let (ann, bob) = (private(&app).await, user(&app).await);
    friends(&ann, &bob).await;
    let stranger = user(&app).await;
    for shown in everywhere(&stranger.client, &ann, &bob).await {
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(shown, {
                ".id" => "[id]", ".created_at" => "[time]", ".updated_at" => "[time]",
            }, @r#"
            {
              "bio": "",
              "birth_date": null,
              "birth_place": null,
              "birth_time": null,
              "created_at": "[time]",
              "email": null,
              "flags": {
                "following": false
              },
              "followers_count": 1,
              "following_count": 1,
              "handle": "private",
              "id": "[id]",
              "is_following": false,
              "locale": "en-US",
              "name": "Name private",
              "photo": "",
              "posts_count": 0,
              "settings": {
                "digest_enabled": false,
                "dm_policy": "nobody",
                "email_enabled": true,
                "language": "ka",
                "privacy": "friends",
                "push_enabled": true,
                "quiet_hours": {}
              },
              "updated_at": "[time]"
            }
            "#);
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn oneself_sees_everything_everywhere() {
    let app = start().await;
    let (ann, bob) = (private(&app).await, user(&app).await);
    friends(&ann, &bob).await;
    let me = ann.client.get("users/me/").await.expect(200);
    assert_eq!(
        json!([
            me["email"],
            me["birth_date"],
            me["birth_time"],
            me["birth_place"],
            me["settings"]["quiet_hours"]["start"]
        ]),
        json!([
            "private@example.com",
            "1990-02-03",
            "04:05:06",
            "Kutaisi",
            "22:00"
        ])
    );
    for shown in everywhere(&ann.client, &ann, &bob).await {
        assert_eq!(shown, me);
    }
    app.stop().await;
}

#[tokio::test]
async fn staff_sees_address_and_birth_of_everybody() {
    let app = start().await;
    let (ann, bob) = (private(&app).await, user(&app).await);
    friends(&ann, &bob).await;
    for shown in everywhere(&staff(&app).await.client, &ann, &bob).await {
        assert_eq!(
            json!([
                shown["email"],
                shown["birth_date"],
                shown["birth_time"],
                shown["birth_place"]
            ]),
            json!(["private@example.com", "1990-02-03", "04:05:06", "Kutaisi"])
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn no_answer_to_others_holds_the_address() {
    let app = start().await;
    let (ann, bob) = (private(&app).await, user(&app).await);
    friends(&ann, &bob).await;
    for path in [
        format!("users/{}/", ann.id),
        "users/?page_size=1&ordering=handle".to_owned(),
        "users/?page_size=1&ordering=email".to_owned(),
        format!("users/{}/followers/", bob.id),
    ] {
        let answer = bob.client.get(&path).await;
        assert!(
            !answer.text.contains("private@example.com") && !answer.text.contains("Kutaisi"),
            "{path}"
        );
    }
    app.stop().await;
}
