//! The one thread of two people.

use futures::future::join_all;
use serde_json::json;

use super::{bodies, direct, group, history, id, of_thread, seen, send, start_unlimited};
use crate::support::{start, user, value};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_people_have_one_thread_whoever_begins_it() {
    let app = start_unlimited().await;
    for _ in 0..5 {
        let (ann, bob) = (user(&app).await, user(&app).await);
        let calls = (0..10).map(|number| {
            let (one, other) = if number % 2 == 0 {
                (&ann, &bob)
            } else {
                (&bob, &ann)
            };
            let body = json!({ "user_id": other.id.to_string(), "initial_message": format!(" {number} ") });
            async move { one.client.post("threads/direct/", &body).await }
        });
        let answers = join_all(calls).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert!(
            answers.iter().all(|answer| matches!(answer.status, 200 | 201)),
            "{answers:?}"
        );
        assert_eq!(made, 1);
        let thread = answers[0].json();
        assert!(answers.iter().all(|answer| answer.json()["id"] == thread["id"]));
        let messages = history(&ann, &thread).await;
        let mut texts = bodies(&messages);
        texts.sort_unstable();
        assert_eq!(texts, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    }
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM threads").await, 5);
    app.stop().await;
}

#[tokio::test]
async fn groups_and_threads_that_one_has_left_do_not_count() {
    let app = start().await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let crowd = group(&ann, &[&bob]).await;
    let listed = ann
        .client
        .post("threads/", &json!({ "participant_ids": [bob.id] }))
        .await
        .expect(201);
    let first = direct(&ann, &bob).await;
    assert!(id(&first) != id(&crowd) && id(&first) != id(&listed));
    assert_eq!(first["is_group"], json!(false));
    send(&ann, &first, "before").await;
    assert_eq!(
        bob.client.call("POST", &of_thread(&first, "leave/")).await.status,
        204
    );
    let second = direct(&bob, &ann).await;
    assert!(id(&second) != id(&first));
    assert_eq!(id(&direct(&ann, &bob).await), id(&second));
    assert_eq!(bodies(&history(&ann, &first).await), ["before"]);
    assert_eq!(seen(&ann, &first).await["participants"], json!([]));
    app.stop().await;
}

#[tokio::test]
async fn nobody_oneself_and_those_who_do_not_exist() {
    let app = start().await;
    let ann = user(&app).await;
    let detail = |text: &str| json!({ "detail": text });
    for nobody in [
        json!({}),
        json!({ "user_id": null }),
        json!({ "user_id": "" }),
        json!({ "user_id": 0 }),
    ] {
        let answer = ann.client.post("threads/direct/", &nobody).await;
        assert_eq!(answer.expect(400), detail("user_id is required"), "{nobody}");
    }
    for other in [json!(12345), json!("abc"), json!([1]), json!(-1), json!(true)] {
        let answer = ann
            .client
            .post("threads/direct/", &json!({ "user_id": other }))
            .await;
        assert_eq!(answer.expect(404), detail("Target user not found"), "{other}");
    }
    let own = ann
        .client
        .post("threads/direct/", &json!({ "user_id": ann.id }))
        .await;
    assert_eq!(
        own.expect(400),
        detail("Cannot start a direct thread with yourself")
    );
    app.stop().await;
}
