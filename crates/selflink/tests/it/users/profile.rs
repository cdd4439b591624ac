//! Changes of one's own account.

use serde_json::{Value, json};

use crate::support::{start, user, value};

#[tokio::test]
async fn a_change_is_kept() {
    let app = start().await;
    let ann = user(&app).await;
    let change = json!({
        "name": " New Name ", "bio": "two\nlines", "photo": "https://cdn.example.com/p.png", "birth_date": "2990-02-03", "birth_time": "4:05",
        "birth_place": "Kutaisi", "locale": "ka-GE",
        "settings": { "privacy": "friends", "quiet_hours": { "start": "22:00", "end": "07:00" }, "digest_enabled": true },
    });
    let before = ann.client.get("users/me/").await.expect(200);
    let changed = ann.client.patch("users/me/", &change).await.expect(200);
    assert_eq!(ann.client.get("users/me/").await.expect(200), changed);
    insta::assert_json_snapshot!(changed, {
        ".id" => "[id]", ".created_at" => "[time]", ".updated_at" => "[time]", ".email" => "[email]", ".handle" => "[handle]",
    }, @r#"
    {
      "bio": "two\nlines",
      "birth_date": "2990-02-03",
      "birth_place": "Kutaisi",
      "birth_time": "04:05:00",
      "created_at": "[time]",
      "email": "[email]",
      "flags": {},
      "followers_count": 0,
      "following_count": 0,
      "handle": "[handle]",
      "id": "[id]",
      "is_following": false,
      "locale": "ka-GE",
      "name": "New Name",
      "photo": "https://cdn.example.com/p.png",
      "posts_count": 0,
      "settings": {
        "digest_enabled": true,
        "dm_policy": "everyone",
        "email_enabled": true,
        "language": "en",
        "privacy": "friends",
        "push_enabled": true,
        "quiet_hours": {
          "end": "07:00",
          "start": "22:00"
        }
      },
      "updated_at": "[time]"
    }
    "#);
    let moment = |user: &Value, name: &str| {
        chrono::DateTime::parse_from_rfc3339(user[name].as_str().expect("is a text")).expect("is a time")
    };
    assert!(moment(&changed, "updated_at") > moment(&before, "updated_at"));
    assert_eq!(changed["created_at"], before["created_at"]);
    // Under the new name it is found, under the old one no longer.
    let found = async |q: &str| {
        ann.client.get(&format!("users/?q={q}")).await.expect(200)["results"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(
        (
            found("new+name").await,
            found(&format!("Name+{}", ann.handle)).await
        ),
        (Some(1), Some(0))
    );
    app.stop().await;
}

#[tokio::test]
async fn what_may_be_empty_may_be_emptied() {
    let app = start().await;
    let ann = user(&app).await;
    let full = json!({ "bio": "b", "photo": "http://a.example/x", "birth_date": "1990-01-01", "birth_time": "01:02", "birth_place": "p" });
    ann.client.patch("users/me/", &full).await.expect(200);
    let empty = json!({ "bio": "", "photo": "", "birth_date": null, "birth_time": null, "birth_place": "", "settings": { "quiet_hours": {} } });
    let emptied = ann.client.patch("users/me/", &empty).await.expect(200);
    for (name, value) in empty.as_object().expect("is an object") {
        if name != "settings" {
            assert_eq!(emptied[name], *value, "{name}");
        }
    }
    app.stop().await;
}

/// `count` times `x`.
fn xs(count: usize) -> String {
    "x".repeat(count)
}

#[tokio::test]
async fn rules_of_each_field() {
    const BLANK: &str = "This field may not be blank.";
    const NULL: &str = "This field may not be null.";
    let app = start().await;
    let ann = user(&app).await;
    let url = "Enter a valid URL.";
    let too_long = |most: usize| format!("Ensure this field has no more than {most} characters.");
    for (field, sent, message) in [
        ("name", json!(""), BLANK.to_owned()),
        ("name", json!("  "), BLANK.to_owned()),
        ("name", json!(null), NULL.to_owned()),
        ("name", json!(xs(121)), too_long(120)),
        (
            "name",
            json!("a\u{0}"),
            "Null characters are not allowed.".to_owned(),
        ),
        ("bio", json!(null), NULL.to_owned()),
        ("bio", json!(false), "Not a valid string.".to_owned()),
        ("photo", json!("not a url"), url.to_owned()),
        ("photo", json!("javascript:alert(1)"), url.to_owned()),
        ("photo", json!("data:text/html,x"), url.to_owned()),
        ("photo", json!("https://"), url.to_owned()),
        ("photo", json!("https://nodot/"), url.to_owned()),
        (
            "photo",
            json!(format!("https://a.example/{}", xs(200))),
            too_long(200),
        ),
        ("photo", json!(null), NULL.to_owned()),
        ("birth_place", json!(xs(256)), too_long(255)),
        ("birth_place", json!(null), NULL.to_owned()),
        ("locale", json!(""), BLANK.to_owned()),
        ("locale", json!(xs(33)), too_long(32)),
        ("locale", json!(null), NULL.to_owned()),
        ("settings", json!(null), NULL.to_owned()),
    ] {
        let answer = ann.client.patch("users/me/", &json!({ field: sent })).await;
        assert_eq!(
            answer.expect(400),
            json!({ field: [message] }),
            "{field} = {sent}"
        );
    }
    for (field, sent) in [
        ("name", json!(xs(120))),
        ("name", json!("ნ".repeat(120))),
        ("birth_place", json!(xs(255))),
        ("locale", json!(xs(32))),
        ("photo", json!("ftp://10.0.0.1/a")),
    ] {
        assert_eq!(
            ann.client
                .patch("users/me/", &json!({ field: sent }))
                .await
                .expect(200)[field],
            sent
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn rules_of_the_settings() {
    let app = start().await;
    let ann = user(&app).await;
    for (sent, errors) in [
        (
            json!("x"),
            json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got str."] }),
        ),
        (
            json!([1]),
            json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] }),
        ),
        (
            json!({ "privacy": "" }),
            json!({ "privacy": ["This field may not be blank."] }),
        ),
        (
            json!({ "privacy": null }),
            json!({ "privacy": ["This field may not be null."] }),
        ),
        (
            json!({ "dm_policy": xs(33) }),
            json!({ "dm_policy": ["Ensure this field has no more than 32 characters."] }),
        ),
        (
            json!({ "language": [] }),
            json!({ "language": ["Not a valid string."] }),
        ),
        (
            json!({ "quiet_hours": null }),
            json!({ "quiet_hours": ["This field may not be null."] }),
        ),
        (
            json!({ "push_enabled": null }),
            json!({ "push_enabled": ["This field may not be null."] }),
        ),
        (
            json!({ "email_enabled": "maybe" }),
            json!({ "email_enabled": ["Must be a valid boolean."] }),
        ),
    ] {
        assert_eq!(
            ann.client
                .patch("users/me/", &json!({ "settings": sent }))
                .await
                .expect(400),
            json!({ "settings": errors })
        );
    }
    for hours in [json!([1]), json!("22:00"), json!(5), json!(true)] {
        let refused = ann
            .client
            .patch("users/me/", &json!({ "settings": { "quiet_hours": hours } }))
            .await
            .expect(400);
        assert!(refused["settings"]["quiet_hours"].is_array(), "{refused}");
    }
    let odd = json!({ "start": 5, "anything": [null, { "deep": "ä" }], "": 1.5 });
    let changed = ann
        .client
        .patch("users/me/", &json!({ "settings": { "quiet_hours": odd } }))
        .await
        .expect(200);
    assert_eq!(changed["settings"]["quiet_hours"], odd);
    app.stop().await;
}

#[tokio::test]
async fn one_bad_field_changes_nothing() {
    let app = start().await;
    let ann = user(&app).await;
    let before = ann.client.get("users/me/").await.expect(200);
    for bad in [
        json!({ "name": "Changed", "bio": "changed", "birth_date": "never" }),
        json!({ "name": "Changed", "settings": { "privacy": "changed", "push_enabled": "maybe" } }),
        json!({ "name": "", "settings": { "privacy": "changed" } }),
    ] {
        ann.client.patch("users/me/", &bad).await.expect(400);
        assert_eq!(ann.client.get("users/me/").await.expect(200), before);
    }
    let events = "SELECT count(*) FROM outbox WHERE name = 'identity.user_changed'";
    assert_eq!(value::<i64>(&app, events).await, 0);
    let all = json!({ "name": "", "locale": "", "birth_date": "x", "settings": { "language": "" } });
    let errors = ann.client.patch("users/me/", &all).await.expect(400);
    let mut names: Vec<&String> = errors.as_object().expect("is an object").keys().collect();
    names.sort();
    assert_eq!(names, ["birth_date", "locale", "name", "settings"]);
    app.stop().await;
}

#[tokio::test]
async fn others_cannot_be_changed() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    for method in ["PATCH", "PUT", "DELETE", "POST"] {
        ann.client
            .call(method, &format!("users/{}/", bob.id))
            .await
            .expect(405);
        ann.client
            .call(method, &format!("users/{}/", ann.id))
            .await
            .expect(405);
    }
    for method in ["PUT", "DELETE", "POST"] {
        ann.client.call(method, "users/me/").await.expect(405);
    }
    app.stop().await;
}
