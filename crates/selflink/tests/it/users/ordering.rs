//! What lists may be ordered by.

use serde_json::json;

use super::crowd::ids;
use crate::support::{execute, field, start, user};

#[tokio::test]
async fn visible_fields_order_the_list() {
    let app = start().await;
    let ann = user(&app).await;
    for n in 0..5 {
        let other = user(&app).await;
        other
            .client
            .patch(
                "users/me/",
                &json!({ "name": format!("N{}", n * 7 % 5), "bio": format!("b{}", n * 3 % 5) }),
            )
            .await
            .expect(200);
        if n % 2 == 0 {
            ann.client
                .post(&format!("users/{}/follow/", other.id), &json!({}))
                .await
                .expect(200);
        }
    }
    ann.client
        .patch("users/me/", &json!({ "name": "A", "bio": "a" }))
        .await
        .expect(200);
    for name in [
        "name",
        "handle",
        "followers_count",
        "following_count",
        "created_at",
        "updated_at",
        "id",
    ] {
        let page = ann
            .client
            .get(&format!("users/?ordering={name}"))
            .await
            .expect(200);
        let up: Vec<_> = field(&page, name).into_iter().cloned().collect();
        let page = ann
            .client
            .get(&format!("users/?ordering=-{name}"))
            .await
            .expect(200);
        let mut down: Vec<_> = field(&page, name).into_iter().cloned().collect();
        down.reverse();
        assert_eq!(up, down, "{name}");
        let in_order = up
            .windows(2)
            .all(|pair| match (pair[0].as_i64(), pair[1].as_i64()) {
                (Some(one), Some(other)) => one <= other,
                _ => pair[0].as_str() <= pair[1].as_str(),
            });
        assert!(in_order, "{name}: {up:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn hidden_fields_do_not() {
    let app = start().await;
    let ann = user(&app).await;
    for n in 0..5 {
        let other = user(&app).await;
        let change = json!({ "birth_date": format!("199{}-01-01", 9 - n), "birth_place": format!("P{}", 9 - n), "birth_time": format!("0{}:00", 9 - n) });
        other.client.patch("users/me/", &change).await.expect(200);
        let email = format!("{}@example.com", 9 - n);
        execute(
            &app,
            &format!(
                "UPDATE user_pii SET email = '{email}', email_key = '{email}' WHERE user_id = {}",
                other.id
            ),
        )
        .await;
    }
    let plain = ann.client.get("users/?page_size=2").await.expect(200);
    let cursor = |page: &serde_json::Value| {
        let next = page["next"].as_str().expect("has a next page").to_owned();
        next.split(['?', '&'])
            .find(|part| part.starts_with("cursor="))
            .expect("has a cursor")
            .to_owned()
    };
    for hidden in [
        "email",
        "-email",
        "birth_date",
        "-birth_date",
        "birth_time",
        "birth_place",
        "password",
        "-password",
        "email_key",
        "search_text",
        "is_staff",
        "is_superuser",
        "is_active",
        "flags",
        "settings",
        "settings__privacy",
        "u.email",
        "users.email",
        "is_following",
        "unknown",
        "",
        "name;DROP TABLE users",
        "(SELECT 1)",
        "--name",
        "1",
        "Name",
        "email,password",
    ] {
        let page = ann
            .client
            .get(&format!("users/?page_size=2&ordering={hidden}"))
            .await
            .expect(200);
        assert_eq!(ids(&page), ids(&plain), "{hidden}");
        // The cursor holds what the default order holds, and nothing of the hidden field.
        assert_eq!(cursor(&page), cursor(&plain), "{hidden}");
    }
    // Beside a known field, the unknown one is passed over.
    let mixed = ann
        .client
        .get("users/?page_size=2&ordering=email,name,password")
        .await
        .expect(200);
    let known = ann
        .client
        .get("users/?page_size=2&ordering=name")
        .await
        .expect(200);
    assert_eq!((ids(&mixed), cursor(&mixed)), (ids(&known), cursor(&known)));
    app.stop().await;
}
