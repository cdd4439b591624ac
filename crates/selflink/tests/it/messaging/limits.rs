//! How much one may send.

use serde_json::json;

use super::{direct, of_thread, send_as};
use crate::support::{start_with, user};

#[tokio::test]
async fn messages_and_conversations_are_limited_by_person() {
    let app = start_with(&[("MESSAGES_PER_MINUTE", "3"), ("THREADS_PER_MINUTE", "2")]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    let thread = direct(&ann, &bob).await;
    let body = json!({ "thread": thread["id"], "body": "x", "participant_ids": [bob.id], "user_id": bob.id });
    // Refused ones count as well.
    send_as(&ann, &thread, &json!({ "body": 5 })).await.expect(400);
    ann.client.post("messages/", &body).await.expect(201);
    send_as(&ann, &thread, &body).await.expect(201);
    for path in [
        "messages/",
        "messaging/messages/",
        of_thread(&thread, "messages/").as_str(),
    ] {
        let refused = ann.client.post(path, &body).await;
        assert_eq!(
            (refused.status, refused.header("retry-after")),
            (429, "60"),
            "{path}"
        );
    }
    ann.client.post("threads/", &body).await.expect(201);
    for path in ["threads/", "threads/direct/"] {
        assert_eq!(ann.client.post(path, &body).await.status, 429, "{path}");
    }
    // Each has limits of their own, and reading has none.
    send_as(&bob, &thread, &body).await.expect(201);
    ann.client.get("threads/").await.expect(200);
    app.stop().await;
}
