//! Who is typing.

use std::time::Duration;

use serde_json::{Value, json};

use super::{direct, group, listen, of_thread, pair};
use crate::support::{TestUser, start, user};

async fn signal(user: &TestUser, thread: &Value, body: &Value) -> Value {
    user.client
        .post(&of_thread(thread, "typing/"), body)
        .await
        .expect(200)
}

async fn who(viewer: &TestUser, thread: &Value) -> Value {
    viewer.client.get(&of_thread(thread, "typing/")).await.expect(200)["typing_user_ids"].clone()
}

#[tokio::test]
async fn the_others_see_who_types_until_it_ends() {
    let app = start().await;
    let (ann, bob, carol) = (user(&app).await, user(&app).await, user(&app).await);
    let thread = group(&ann, &[&bob, &carol]).await;
    let elsewhere = direct(&ann, &bob).await;
    let (mut at_ann, mut at_bob) = (listen(&app, &ann).await, listen(&app, &bob).await);
    for (body, is_typing) in [
        (json!({}), true),
        (json!({ "is_typing": "yes" }), true),
        (json!({ "is_typing": 0 }), false),
        (json!({ "is_typing": true }), true),
        (json!({ "is_typing": null }), false),
    ] {
        assert_eq!(
            signal(&ann, &thread, &body).await,
            json!({ "is_typing": is_typing }),
            "{body}"
        );
        let expected = if is_typing { json!([ann.id]) } else { json!([]) };
        assert_eq!(who(&bob, &thread).await, expected, "{body}");
        assert_eq!(who(&bob, &elsewhere).await, json!([]));
        let frame = at_bob.next().await;
        assert_eq!(
            json!([
                frame["type"],
                frame["thread_id"],
                frame["user_id"],
                frame["user_handle"],
                frame["is_typing"]
            ]),
            json!(["typing", thread["id"], ann.id, ann.handle, is_typing])
        );
        assert!(
            frame["timestamp"]
                .as_str()
                .is_some_and(|time| time.ends_with('Z'))
        );
    }
    signal(&bob, &thread, &json!({})).await;
    assert_eq!(
        at_ann.next().await["user_id"],
        json!(bob.id),
        "nothing of one's own"
    );
    let seen = ann.client.get(&of_thread(&thread, "typing/")).await.expect(200);
    assert_eq!(
        json!([seen["users"][0]["id"], seen["users"][0]["email"]]),
        json!([bob.id, null])
    );
    let dave = user(&app).await;
    for method in ["GET", "POST"] {
        let refused = dave
            .client
            .call(method, &of_thread(&thread, "typing/"))
            .await
            .expect(403);
        assert_eq!(refused, json!({ "detail": "Not a member of this thread" }));
    }
    app.stop().await;
}

#[tokio::test]
async fn who_has_vanished_types_for_seven_seconds_and_the_others_are_told() {
    let app = start().await;
    let (ann, bob, thread) = pair(&app).await;
    let mut heard = listen(&app, &bob).await;
    signal(&ann, &thread, &json!({})).await;
    assert_eq!(heard.next().await["is_typing"], json!(true));
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(who(&bob, &thread).await, json!([]));
    let ended = tokio::time::timeout(Duration::from_secs(22), heard.next()).await;
    assert_eq!(ended.expect("is told in time")["is_typing"], json!(false));
    app.stop().await;
}
