//! The directory and what is found in it.

use platform::testing::TestApp;
use serde_json::json;

use super::crowd::ids;
use crate::support::{PASSWORD, TestUser, deactivate, field, start, user, user_called};

/// Registers somebody with this handle and name.
async fn named(app: &TestApp, handle: &str, name: &str) {
    let body = json!({ "email": format!("{handle}@example.com"), "password": PASSWORD, "handle": handle, "name": name });
    app.client().post("auth/register/", &body).await.expect(201);
}

/// The handles that a search finds, in alphabetical order.
async fn found(viewer: &TestUser, parameter: &str, text: &str) -> Vec<String> {
    let query = reqwest::Url::parse_with_params("http://x/", [(parameter, text), ("ordering", "handle")])
        .expect("is a URL");
    let page = viewer
        .client
        .get(&format!("users/?{}", query.query().unwrap_or_default()))
        .await
        .expect(200);
    field(&page, "handle")
        .iter()
        .filter_map(|handle| handle.as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn everybody_is_listed_newest_first() {
    let app = start().await;
    let mut people = Vec::new();
    for _ in 0..4 {
        people.insert(0, user(&app).await);
    }
    deactivate(&app, people[2].id).await;
    let list = people[0].client.get("users/").await.expect(200);
    assert_eq!(
        ids(&list),
        people.iter().map(|person| person.id).collect::<Vec<_>>()
    );
    assert_eq!((&list["next"], &list["previous"]), (&json!(null), &json!(null)));
    assert_eq!(list.as_object().map(serde_json::Map::len), Some(3));
    app.client().get("users/").await.expect(401);
    app.stop().await;
}

#[tokio::test]
async fn one_text_is_found_wherever_it_occurs() {
    let app = start().await;
    let ann = user_called(&app, "viewer").await;
    named(&app, "annika", "Annika Öberg").await;
    named(&app, "bo_x", "Bo 100% _sure\\").await;
    named(&app, "nino", "ნინო ბერიძე").await;
    for (text, handles) in [
        ("nni", vec!["annika"]),
        ("ÖBERG", vec!["annika"]),
        ("öberg", vec!["annika"]),
        (" Annika Ö ", vec!["annika"]),
        ("ბერ", vec!["nino"]),
        ("100%", vec!["bo_x"]),
        ("%", vec!["bo_x"]),
        ("_", vec!["bo_x"]),
        ("o_", vec!["bo_x"]),
        ("\\", vec!["bo_x"]),
        ("1_0", vec![]),
        ("Annika  Öberg", vec![]),
        ("annikaannika", vec![]),
        ("'; DROP TABLE users; --", vec![]),
        ("nobody", vec![]),
    ] {
        assert_eq!(found(&ann, "q", text).await, handles, "{text}");
    }
    assert_eq!(found(&ann, "q", "").await.len(), 4);
    app.stop().await;
}

#[tokio::test]
async fn all_terms_must_occur() {
    let app = start().await;
    let ann = user_called(&app, "viewer").await;
    named(&app, "one", "Red Green").await;
    named(&app, "two", "Green Blue").await;
    for (text, handles) in [
        ("green", vec!["one", "two"]),
        ("green, RED", vec!["one"]),
        ("blue two", vec!["two"]),
        ("red blue", vec![]),
        ("\"green blue\"", vec!["two"]),
        ("\"blue green\"", vec![]),
        ("blue,green", vec!["two"]),
    ] {
        assert_eq!(found(&ann, "search", text).await, handles, "{text}");
    }
    assert_eq!(found(&ann, "search", " , ").await.len(), 3);
    // Both parameters narrow.
    let both = ann.client.get("users/?q=gre&search=blue").await.expect(200);
    assert_eq!(field(&both, "handle"), ["two"]);
    app.stop().await;
}

#[tokio::test]
async fn an_address_finds_its_account_only_as_a_whole() {
    let app = start().await;
    let (ann, bob) = (user_called(&app, "viewer").await, user_called(&app, "bob").await);
    app.client().post("auth/register/", &json!({ "email": "Hidden.Person@example.com", "password": PASSWORD, "name": "Zed", "handle": "zed" })).await.expect(201);
    for parameter in ["q", "search"] {
        for whole in ["hidden.person@example.com", "HIDDEN.person@Example.com"] {
            assert_eq!(found(&ann, parameter, whole).await, ["zed"]);
        }
        for part in [
            "hidden",
            "person@example.com",
            "hidden.person@",
            "@example.com",
            "hidden.person@example.co",
            "%@example.com",
            "hidden_person@example.com",
        ] {
            assert_eq!(found(&ann, parameter, part).await, Vec::<String>::new(), "{part}");
        }
    }
    // What is found stays hidden.
    let page = bob.client.get("users/?q=hidden.person%40example.com").await;
    assert!(
        !page.text.to_lowercase().contains("hidden.person@example.com\""),
        "{}",
        page.text
    );
    app.stop().await;
}

#[tokio::test]
async fn no_text_is_too_strange() {
    let app = start().await;
    let ann = user(&app).await;
    for strange in [
        "%00",
        "a%00b",
        "%ff%fe",
        "%ed%a0%80",
        "%0a",
        "%0A%25",
        "%E2%80%AE",
        "%F0%9F%91%A9",
        "%",
        "%zz",
        "+",
        "&&&==",
        "%5C%5C%25",
    ] {
        for parameter in ["q", "search", "ordering", "page_size", "format"] {
            let answer = ann.client.get(&format!("users/?{parameter}={strange}")).await;
            assert_eq!(answer.status, 200, "{parameter}={strange}: {}", answer.text);
        }
        let answer = ann.client.get(&format!("users/?cursor={strange}x")).await;
        assert!(
            [200, 404].contains(&answer.status),
            "cursor={strange}x: {}",
            answer.text
        );
    }
    let long = "x".repeat(60_000);
    assert_eq!(
        ids(&ann.client.get(&format!("users/?q={long}")).await.expect(200)),
        [0_i64; 0]
    );
    app.stop().await;
}
