//! `GET audit/events/`

use std::net::IpAddr;

use platform::{audit::Action, id::UserId};
use serde_json::{Map, Value, json};

use super::{appended, events, verified};
use crate::support::{execute, field, staff, start, user};

fn metadata(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

#[tokio::test]
async fn an_event_has_these_fields() {
    let app = start().await;
    let (boss, ann) = (staff(&app).await, user(&app).await);
    let action = Action::new("test.done")
        .on("thing", &"7")
        .by(Some(UserId(ann.id)), Some(IpAddr::from([192, 0, 2, 7])))
        .with(metadata(json!({ "ü": ["🙂", 1, 0.5], "a": null })));
    appended(&app, &Action::new("test.first")).await;
    appended(&app, &action).await;
    let page = boss.client.get("audit/events/").await.expect(200);
    let (event, first) = (&page["results"][0], &page["results"][1]);
    let mut keys: Vec<&str> = event
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "action",
            "actor_ip",
            "actor_user",
            "created_at",
            "hash_prev",
            "hash_self",
            "id",
            "metadata",
            "object_id",
            "object_type"
        ]
    );
    assert_eq!(
        (&event["action"], &event["object_type"], &event["object_id"]),
        (&json!("test.done"), &json!("thing"), &json!("7"))
    );
    assert_eq!(
        (&event["actor_user"], &event["actor_ip"]),
        (&json!(ann.id), &json!("192.0.2.7"))
    );
    assert_eq!(event["metadata"], json!({ "ü": ["🙂", 1, "0.5"], "a": null }));
    assert_eq!(
        (&first["hash_prev"], &first["actor_user"]),
        (&json!(""), &Value::Null)
    );
    assert_eq!(event["hash_prev"], first["hash_self"]);
    let id = event["id"].as_str().expect("a text");
    assert_eq!((id.len(), &id[14..15]), (36, "4"));
    for spelling in [id.to_owned(), id.to_uppercase(), id.replace('-', "")] {
        let detail = boss
            .client
            .get(&format!("audit/events/{spelling}/"))
            .await
            .expect(200);
        assert_eq!(&detail, event);
    }
    app.stop().await;
}

#[tokio::test]
async fn it_is_for_staff_to_read_and_for_nobody_to_write() {
    let app = start().await;
    let (boss, ann) = (staff(&app).await, user(&app).await);
    appended(&app, &Action::new("test.first")).await;
    let id = events(&boss).await[0]["id"].as_str().expect("a text").to_owned();
    for path in ["audit/events/".to_owned(), format!("audit/events/{id}/")] {
        app.client().get(&path).await.expect(401);
        assert_eq!(
            ann.client.get(&path).await.expect(403),
            json!({ "detail": "You do not have permission to perform this action." })
        );
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = boss.client.send(method, &path, "application/json", "{}").await;
            assert_eq!(
                answer.expect(405),
                json!({ "detail": format!("Method \"{method}\" not allowed.") })
            );
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn ids_that_lead_nowhere() {
    let app = start().await;
    let boss = staff(&app).await;
    for bad in ["123", "abc", "0b0e2c0e-3d2c-4a38-9f3a", "%00", "%ff"] {
        assert_eq!(
            boss.client.get(&format!("audit/events/{bad}/")).await.expect(404),
            json!({ "detail": "Not found." }),
            "{bad}"
        );
    }
    let unknown = "audit/events/00000000-0000-0000-0000-000000000000/";
    assert_eq!(
        boss.client.get(unknown).await.expect(404),
        json!({ "detail": "No AuditEvent matches the given query." })
    );
    app.stop().await;
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest() {
    let app = start().await;
    let boss = staff(&app).await;
    for number in 0..25 {
        appended(&app, &Action::new(&format!("test.{number}"))).await;
    }
    let expected: Vec<Value> = (0..25)
        .rev()
        .map(|number| json!(format!("test.{number}")))
        .collect();
    let first = boss.client.get("audit/events/").await.expect(200);
    assert_eq!(field(&first, "action"), expected[..20].iter().collect::<Vec<_>>());
    assert_eq!(first["previous"], Value::Null);
    // Added while walking: no item moves.
    appended(&app, &Action::new("test.late")).await;
    let second = boss
        .client
        .get(first["next"].as_str().expect("a link"))
        .await
        .expect(200);
    assert_eq!(
        field(&second, "action"),
        expected[20..].iter().collect::<Vec<_>>()
    );
    assert_eq!(second["next"], Value::Null);
    let back = boss
        .client
        .get(second["previous"].as_str().expect("a link"))
        .await
        .expect(200);
    assert_eq!(back["results"], first["results"]);
    let oldest = boss
        .client
        .get("audit/events/?ordering=created_at&page_size=1")
        .await
        .expect(200);
    assert_eq!(field(&oldest, "action"), [&json!("test.0")]);
    for bad in ["nonsense", "WyJ4Il0"] {
        assert_eq!(
            boss.client
                .get(&format!("audit/events/?cursor={bad}"))
                .await
                .expect(404),
            json!({ "detail": "Invalid cursor" })
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn filters_find_what_is_exactly_so() {
    let app = start().await;
    let (boss, ann) = (staff(&app).await, user(&app).await);
    for (action, kind, id, actor) in [
        ("a", "user", "1", None),
        ("a", "user", "2", Some(UserId(ann.id))),
        ("b", "post", "1", Some(UserId(ann.id))),
    ] {
        appended(&app, &Action::new(action).on(kind, &id).by(actor, None)).await;
    }
    for (query, count) in [
        ("action=a".to_owned(), 2),
        ("action=A".to_owned(), 0),
        ("object_type=user&object_id=1".to_owned(), 1),
        ("object_id=1".to_owned(), 2),
        (format!("actor_user={}", ann.id), 2),
        (format!("actor_user={}&action=b", ann.id), 1),
        ("actor_user=x".to_owned(), 0),
        ("actor_user=99999999999999999999".to_owned(), 0),
        ("action=%00".to_owned(), 0),
        ("action=&object_id=".to_owned(), 3),
    ] {
        let page = boss
            .client
            .get(&format!("audit/events/?{query}"))
            .await
            .expect(200);
        assert_eq!(field(&page, "id").len(), count, "{query}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_deleted_actor_is_nobody_and_the_chain_holds() {
    let app = start().await;
    let (boss, ann) = (staff(&app).await, user(&app).await);
    appended(&app, &Action::new("a").by(Some(UserId(ann.id)), None)).await;
    assert_eq!(events(&boss).await[0]["actor_user"], ann.id);
    execute(&app, &format!("DELETE FROM users WHERE id = {}", ann.id)).await;
    assert_eq!(events(&boss).await[0]["actor_user"], Value::Null);
    assert!(
        verified(&app.database())
            .await
            .starts_with("Audit trail verified: 1 events, head ")
    );
    app.stop().await;
}
